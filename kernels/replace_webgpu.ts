// Taking the place of a kernel of tfjs-backend-webgpu, with the way back to it for what ours does
// not do.
import * as tf from "@tensorflow/tfjs";
import { type KernelCall, registerWebGpuKernel } from "./wgsl.ts";

/** A kernel as tfjs registers it. */
export type StockKernel = tf.KernelConfig["kernelFunc"];

/** tfjs's kernels whose places were taken. */
const replaced: tf.KernelConfig[] = [];

/** Takes the kernel's place; `run` gets what was there. */
export function replaceKernel<T extends tf.TensorInfo | tf.TensorInfo[]>(
  name: string,
  run: (call: KernelCall, stock: StockKernel) => T,
): void {
  const stock = tf.getKernel(name, "webgpu");
  replaced.push(stock);
  tf.unregisterKernel(name, "webgpu");
  registerWebGpuKernel(name, (call) => run(call, stock.kernelFunc));
}

/** Runs tfjs's own form. */
export function runStock<T extends tf.TensorInfo | tf.TensorInfo[]>(
  stock: StockKernel,
  call: KernelCall,
): T {
  return stock(call as unknown as Parameters<StockKernel>[0]) as T;
}

/**
 * Calls the function with tfjs's own kernels back in their places, for comparisons with tfjs as it
 * comes.
 */
export function withStockKernels<T>(body: () => T): T {
  const ours = replaced.map(({ kernelName }) => tf.getKernel(kernelName, "webgpu"));
  const place = (kernel: tf.KernelConfig) => {
    tf.unregisterKernel(kernel.kernelName, "webgpu");
    tf.registerKernel(kernel);
  };
  replaced.forEach(place);
  try {
    return body();
  } finally {
    ours.forEach(place);
  }
}
