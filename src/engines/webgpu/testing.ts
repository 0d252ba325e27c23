/** For tests: a GPU device that allows only what every WebGPU device must. */
import { openWebGpu, type WebGpuEngine } from "./mod.ts";

/**
 * The specification's default limits (https://www.w3.org/TR/webgpu/#limits) that kernels come close
 * to.
 */
const defaultLimits = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupsPerDimension: 65535,
};

/** Opens the engine on such a device, so that the device itself rejects anything more. */
export async function openLimitedWebGpu(): Promise<WebGpuEngine> {
  const { gpu } = navigator;
  const request = gpu.requestAdapter;
  const adapter = (await gpu.requestAdapter())!;
  const limited = {
    info: adapter.info,
    features: adapter.features,
    limits: defaultLimits,
    requestDevice: (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
  };
  Object.defineProperty(gpu, "requestAdapter", {
    value: () => Promise.resolve(limited),
    configurable: true,
  });
  try {
    return await openWebGpu({ software: true });
  } finally {
    Object.defineProperty(gpu, "requestAdapter", { value: request, configurable: true });
  }
}
