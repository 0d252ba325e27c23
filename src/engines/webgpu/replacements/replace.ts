// Replaces kernels of tfjs-backend-webgpu. A replacement can fall back to tfjs's own kernel for
// cases that ours does not support.
import * as tf from "@tensorflow/tfjs";
import { type KernelCall, registerWebGpuKernel } from "../../../../kernels/shared/wgsl.ts";

/** A kernel as tfjs registers it. */
export type StockKernel = tf.KernelConfig["kernelFunc"];

/** The tfjs kernels that were replaced. */
const replaced: tf.KernelConfig[] = [];

/** Replaces a kernel. `run` receives the kernel that was there. */
export function replaceKernel<T extends tf.TensorInfo | tf.TensorInfo[]>(
  name: string,
  run: (call: KernelCall, stock: StockKernel) => T,
): void {
  const stock = tf.getKernel(name, "webgpu");
  replaced.push(stock);
  tf.unregisterKernel(name, "webgpu");
  registerWebGpuKernel(name, (call) => run(call, stock.kernelFunc));
}

/**
 * The attributes of a call, as tfjs's types for its operations describe them. tfjs sets them, but
 * passes them to kernels without their types.
 */
export function attributesOf<T>(call: KernelCall): T {
  return call.attrs as T;
}

/** Runs tfjs's own kernel. */
export function runStock<T extends tf.TensorInfo | tf.TensorInfo[]>(
  stock: StockKernel,
  call: KernelCall,
): T {
  // A call has tfjs's members, under types of our own. Which kernel it is says what it returns.
  return stock(call as unknown as Parameters<StockKernel>[0]) as T;
}

/** Calls a function with tfjs's own kernels, for comparisons. */
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
