/** Registers an operation of ours as a composition of other operations on an engine. */
import * as tf from "@tensorflow/tfjs";

/**
 * Registers a composition as the kernel with a given name. Intermediate tensors are freed.
 */
export function registerComposition(
  backendName: string,
  kernelName: string,
  // The public function that calls the kernel has checked the inputs' ranks.
  // deno-lint-ignore no-explicit-any
  form: (inputs: any, attrs: any) => tf.Tensor | tf.Tensor[],
): void {
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }) => tf.tidy(() => form(inputs, attrs ?? {})),
  });
}
