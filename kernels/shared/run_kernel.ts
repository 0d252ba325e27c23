/** Running kernels and registering their gradients, with names for inputs and outputs. */
import * as tf from "@tensorflow/tfjs";
import { named } from "./named.ts";

type Attributes = Parameters<tf.GradFunc>[2];

/** Runs a kernel that has one output. */
export function runKernel(
  kernelName: string,
  inputs: tf.NamedTensorMap,
  attrs?: Attributes,
): tf.Tensor {
  return tf.engine().runKernel<tf.Tensor>(kernelName, inputs, attrs);
}

/** Runs a kernel that has several outputs. Throws an `Error` unless there are as many as names. */
export function runKernels<Output extends string>(
  kernelName: string,
  inputs: tf.NamedTensorMap,
  outputs: readonly Output[],
  attrs?: Attributes,
): Record<Output, tf.Tensor> {
  return named(outputs, tf.engine().runKernel<tf.Tensor[]>(kernelName, inputs, attrs));
}

/** Runs a kernel and assigns its outputs, in order, to the variables. */
export function assignOutputs(
  variables: readonly tf.Variable[],
  kernelName: string,
  inputs: tf.NamedTensorMap,
  attrs: Attributes,
): void {
  const outputs = tf.engine().runKernel<tf.Tensor[]>(kernelName, inputs, attrs);
  outputs.forEach((output, i) => variables[i]?.assign(output));
  tf.dispose(outputs);
}

/** The tensors that a gradient needs from the call of its kernel. */
interface Saved<Input extends string, Output extends string> {
  inputs: readonly Input[];
  /** The kernel's outputs in order, if it has several; null for one that is not needed. */
  outputs?: readonly (Output | null)[];
}

/**
 * Registers the gradient of a kernel whose first output alone is differentiable.
 *
 * @param gradient maps dy, the saved tensors and the kernel's attributes to a function for each
 *   differentiable input, which returns the gradient for it
 */
export function registerGradient<Input extends string, Output extends string = never>(
  kernelName: string,
  { inputs, outputs = [] }: Saved<Input, Output>,
  gradient: (
    dy: tf.Tensor,
    saved: Record<Input | Output, tf.Tensor>,
    attrs: Attributes,
  ) => Record<string, () => tf.Tensor>,
): void {
  const names = [...inputs, ...outputs.filter((name) => name !== null)];
  tf.registerGradient({
    kernelName,
    inputsToSave: [...inputs],
    ...(outputs.length > 0 ? { outputsToSave: outputs.map((name) => name !== null) } : {}),
    gradFunc: (dys, saved, attrs) => {
      const [dy] = Array.isArray(dys) ? dys : [dys];
      if (dy === undefined) throw new Error(`${kernelName} got no gradient of its output`);
      return gradient(dy, named(names, saved), attrs);
    },
  });
}
