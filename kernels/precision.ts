/**
 * Mixed precision. Where the open engine computes in bfloat16, a tensor can be made so, and the
 * operations that take it in then compute in bfloat16 as far as they may; tfjs goes on to take it
 * for float32. Elsewhere nothing happens: the tensor is what it was, and no operation is added.
 */
import * as tf from "@tensorflow/tfjs";

/** TensorFlow's numbers for the types. */
const types = { float32: 1, bfloat16: 14 } as const;

type Precision = keyof typeof types;

/** The members of a backend that mixed precision asks for; those of others have none of them. */
interface MixedBackend {
  /** What the network is computed in. */
  precision?: string;
  binding?: {
    trace: unknown;
    convert(id: number, dtype: number): { id: number };
  };
  getInputTensorIds?(tensors: tf.TensorInfo[]): number[];
  createOutputTensor?(metadata: { id: number }): tf.Tensor;
}

/** Whether a function is being traced that computes its network in bfloat16. */
export function computesInBfloat16(): boolean {
  const { precision, binding } = tf.backend() as unknown as MixedBackend;
  return precision === "bfloat16" && Boolean(binding?.trace);
}

/** The numbers as another type, without a gradient. */
function convert(x: tf.Tensor, type: Precision): tf.Tensor {
  const backend = tf.backend() as unknown as Required<MixedBackend>;
  const [id] = backend.getInputTensorIds([x]);
  return backend.createOutputTensor(backend.binding.convert(id!, types[type]));
}

const other = { float32: "bfloat16", bfloat16: "float32" } as const;

function as<T extends tf.Tensor>(x: T, type: Precision): T {
  if (!computesInBfloat16()) return x;
  const conversion = tf.customGrad((x) => ({
    value: convert(x as tf.Tensor, type),
    gradFunc: (dy: tf.Tensor) => convert(dy, other[type]),
  }));
  return conversion(x) as T;
}

/** Rounds to bfloat16 what goes into the network. Its gradient is float32. */
export function narrow<T extends tf.Tensor>(x: T): T {
  return as(x, "bfloat16");
}

/** Makes float32 of what comes out of the network. Its gradient is bfloat16. */
export function widen<T extends tf.Tensor>(x: T): T {
  return as(x, "float32");
}
