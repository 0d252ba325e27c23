/**
 * Turns an operation of ours into a kernel of the engine `tensorflow`. The kernel is a composition
 * of TensorFlow's own operations. It should take few passes over memory, because memory is the
 * bottleneck of small operations on a CPU.
 */
import * as tf from "@tensorflow/tfjs";

/** The members of the engine's tfjs backend that the compositions use. */
interface Backend {
  binding: {
    symbol(id: number): unknown;
    executeOp(
      name: string,
      attributes: unknown[],
      inputs: number[],
      outputCount: number,
    ): { id: number }[];
    deleteTensor(id: number): void;
    isUsingGpuDevice(): boolean;
    hasKernel(name: string): boolean;
  };
  createOutputTensor(metadata: { id: number }): tf.Tensor;
  getInputTensorIds(tensors: tf.TensorInfo[]): number[];
  executeMultipleOutputs(
    name: string,
    attributes: unknown[],
    inputs: tf.TensorInfo[],
    count: number,
  ): tf.Tensor[];
}

/** The current backend, which must be that of the engine `tensorflow`. */
export function tensorflowBackend(): Backend {
  return tf.backend() as unknown as Backend;
}

/** An attribute of a TensorFlow operation: its kind and value. */
type AttributeValue = { int: number | number[] } | { float: number } | { bool: boolean } | {
  string: string;
} | {
  type: tf.DataType;
};

const kinds = { string: 0, int: 1, float: 2, bool: 3, type: 4 };
const types: Partial<Record<tf.DataType, number>> = { float32: 1, int32: 3, bool: 10 };

/** The attributes of a TensorFlow operation, by name. */
export type Attributes = Record<string, AttributeValue>;

/** Runs a TensorFlow operation by name. */
export function operation(
  name: string,
  inputs: tf.TensorInfo[],
  attributes: Attributes = {},
): tf.Tensor {
  return only(operations(name, inputs, attributes, 1));
}

/** The number of a tensor in the binding. */
export function idOf(tensor: tf.TensorInfo): number {
  return only(tensorflowBackend().getInputTensorIds([tensor]));
}

/** Runs a TensorFlow operation on tensors by their numbers in the binding; it has one output. */
export function executeOne(
  name: string,
  attributes: unknown[],
  inputs: number[],
): { id: number } {
  return only(tensorflowBackend().binding.executeOp(name, attributes, inputs, 1));
}

/** The element of a list of one. */
function only<T>(list: T[]): T {
  const [element] = list;
  if (element === undefined || list.length > 1) throw new Error(`a list of ${list.length}, not 1`);
  return element;
}

/** Runs a TensorFlow operation that has several outputs. */
export function operations(
  name: string,
  inputs: tf.TensorInfo[],
  attributes: Attributes,
  count: number,
): tf.Tensor[] {
  const list = Object.entries(attributes).map(([name, attribute]) => {
    const [kind, value] = Object.entries(attribute)[0] as [keyof typeof kinds, unknown];
    return {
      name,
      type: kinds[kind],
      value: kind === "type" ? types[value as tf.DataType] : value,
    };
  });
  return tensorflowBackend().executeMultipleOutputs(name, list, inputs, count);
}

/**
 * Registers a composition as the kernel with a given name on the engine `tensorflow`. Intermediate
 * tensors are freed.
 */
export function registerForm(
  kernelName: string,
  // The public function that calls the kernel has checked the inputs' ranks.
  // deno-lint-ignore no-explicit-any
  form: (inputs: any, attrs: any) => tf.Tensor | tf.Tensor[],
): void {
  if (tf.getKernel(kernelName, "tensorflow")) return;
  tf.registerKernel({
    kernelName,
    backendName: "tensorflow",
    kernelFunc: ({ inputs, attrs }) => tf.tidy(() => form(inputs, attrs ?? {})),
  });
}

/** Whether a tensor belongs to a function that is being traced, and so has no values yet. */
export function isTraced(tensor: tf.Tensor): boolean {
  return Boolean(tensorflowBackend().binding.symbol(idOf(tensor)));
}

/**
 * The values of a small tensor if they are already known. They are not known if the tensor is
 * computed inside a function that is being traced. A kernel may use them to choose a faster way,
 * but never to give a different result.
 */
export function knownValues(tensor: tf.Tensor): Float32Array | null {
  return isTraced(tensor) ? null : tensor.dataSync<"float32">();
}
