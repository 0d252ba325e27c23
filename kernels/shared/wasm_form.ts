/**
 * Turns an operation of ours into a kernel of the engine `wasm`. The kernel is a composition of
 * tfjs's own operations, which its WebAssembly backend computes. Forward only.
 */
import * as tf from "@tensorflow/tfjs";

/** Registers a composition as the kernel with a given name. Intermediate tensors are freed. */
export function registerWasmForm(
  kernelName: string,
  // The public function that calls the kernel has checked the inputs' ranks.
  // deno-lint-ignore no-explicit-any
  form: (inputs: any, attrs: any) => tf.Tensor | tf.Tensor[],
): void {
  registerOnWasm(kernelName, ({ inputs, attrs }) => tf.tidy(() => form(inputs, attrs ?? {})));
}

/**
 * Registers kernels that this engine lacks. Calling them throws an error that says it only draws.
 */
export function registerNoGradient(...kernelNames: string[]): void {
  for (const kernelName of kernelNames) {
    registerOnWasm(kernelName, () => {
      throw new Error(
        `the engine wasm computes no gradients (${kernelName}): it draws with trained models. ` +
          "Train on tensorflow or webgpu",
      );
    });
  }
}

/** Registers a kernel function, replacing tfjs's own if there is one. */
export function registerOnWasm(kernelName: string, kernelFunc: tf.KernelFunc): void {
  if (tf.getKernel(kernelName, "wasm")) tf.unregisterKernel(kernelName, "wasm");
  tf.registerKernel({ kernelName, backendName: "wasm", kernelFunc });
}
