// The engine `webgpu`: any GPU that Deno's WebGPU can use. Stock operations come from
// tfjs-backend-webgpu, some of them replaced (replacements/); our own operations from kernels/.
import * as tf from "@tensorflow/tfjs";
import { registerWebGpuKernels } from "../../../kernels/register/webgpu.ts";
import type { Engine } from "../engine.ts";
import { Backend } from "./backend.ts";
import { nvidiaDriver } from "../nvidia_driver.ts";
import { adapterVersion, openDevice } from "./device.ts";
import { jitFunction, type WebGpuJitFunction } from "./jit.ts";
import { replaceStockKernels } from "./replacements/mod.ts";
import type { Homes } from "./variables.ts";
export { probeWebGpu, type WebGpuProbe } from "./device.ts";
export type { WebGpuJitFunction } from "./jit.ts";
export type { PlanStatistics } from "./plan.ts";

/** The engine, with members that only this one has. */
export interface WebGpuEngine extends Engine {
  jit(fn: (...inputs: tf.Tensor[]) => tf.Tensor[]): WebGpuJitFunction;
  /** Waits for the GPU, and throws the first error of all submitted work. */
  settle(): Promise<void>;
}

/**
 * Opens the GPU and makes its tfjs backend the current one.
 *
 * @param options `software`: also accept a software GPU such as llvmpipe
 * @throws UserError if there is no adapter, or only a software one and `software` is false
 */
export async function openWebGpu(options: { software: boolean }): Promise<WebGpuEngine> {
  const gpu = await openDevice(options);
  const backend = new Backend(gpu);
  const homes: Homes = new Map();
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  registerWebGpuKernels();
  replaceStockKernels();
  tf.registerBackend("webgpu", () => backend, 3);
  await tf.setBackend("webgpu");
  return {
    name: "webgpu",
    description: `tfjs-backend-webgpu ${tf.version_core} on ${gpu.name}${
      gpu.software ? " (a software GPU)" : ""
    }`,
    device: gpu.name,
    threads: null,
    precision: "float32",
    libraries:
      () => [...nvidiaDriver(), { name: "WebGPU adapter", version: adapterVersion(gpu.info) }],
    trains: true,
    hardwareGpu: !gpu.software,
    largestTensor: Math.min(
      gpu.device.limits.maxStorageBufferBindingSize,
      gpu.device.limits.maxBufferSize,
    ),
    jit: (fn) => jitFunction(backend, homes, fn),
    settle: async () => {
      backend.flush();
      await gpu.device.queue.onSubmittedWorkDone();
      await backend.settle();
    },
    dispose: () => {
      if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
      gpu.dispose();
    },
  };
}
