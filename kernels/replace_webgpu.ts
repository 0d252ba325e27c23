// Taking the place of a kernel of tfjs-backend-webgpu, with the way back to it for what ours does not do.
import * as tf from "@tensorflow/tfjs";
import { type KernelCall, registerWebGpuKernel } from "./wgsl.ts";

/** A kernel as tfjs registers it. */
export type StockKernel = tf.KernelConfig["kernelFunc"];

/** Takes the kernel's place; `run` gets what was there. */
export function replaceKernel<T extends tf.TensorInfo | tf.TensorInfo[]>(
  name: string,
  run: (call: KernelCall, stock: StockKernel) => T,
): void {
  const stock = tf.getKernel(name, "webgpu").kernelFunc;
  tf.unregisterKernel(name, "webgpu");
  registerWebGpuKernel(name, (call) => run(call, stock));
}

/** Runs tfjs's own form. */
export function runStock<T extends tf.TensorInfo | tf.TensorInfo[]>(stock: StockKernel, call: KernelCall): T {
  return stock(call as unknown as Parameters<StockKernel>[0]) as T;
}
