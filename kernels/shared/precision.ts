/**
 * Mixed precision. If the open engine computes in bfloat16, a tensor can be converted to it, and
 * the operations that use the tensor then compute in bfloat16 where they may. tfjs still treats it
 * as float32. On other engines these functions do nothing: they return the tensor and add no
 * operation.
 */
import * as tf from "@tensorflow/tfjs";

/** TensorFlow's numbers for the types. */
const types = { float32: 1, bfloat16: 14 } as const;

type Precision = keyof typeof types;

/** The backend members that mixed precision needs; only one that supports it has them. */
interface MixedBackend {
  /** The precision of the network. */
  precision?: string;
  binding?: {
    trace: unknown;
    convert(id: number, dtype: number): { id: number };
  };
  getInputTensorIds?(tensors: tf.TensorInfo[]): number[];
  createOutputTensor?(metadata: { id: number }): tf.Tensor;
}

/** Whether the function being traced computes its network in bfloat16. */
export function computesInBfloat16(): boolean {
  const { precision, binding } = tf.backend() as unknown as MixedBackend;
  return precision === "bfloat16" && Boolean(binding?.trace);
}

/** Converts to another type, without a gradient. */
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

/** Rounds to bfloat16, as for what goes into the network. The gradient is float32. */
export function narrow<T extends tf.Tensor>(x: T): T {
  return as(x, "bfloat16");
}

/** Converts to float32, as for what comes out of the network. The gradient is bfloat16. */
export function widen<T extends tf.Tensor>(x: T): T {
  return as(x, "float32");
}
