// The GPU device: which adapter, which limits, and what went wrong. WebGPU reports errors late and
// without a caller to catch them. This file keeps the first error, and it fails everything that
// follows.
import { UserError } from "../../messages/errors.ts";

/** The result of {@link probeWebGpu}. */
export interface WebGpuProbe {
  /** Whether there is an adapter at all, including a software one. */
  readonly available: boolean;
  /** The adapter's own name. */
  readonly adapter: string | null;
  /** Whether the adapter is a program on the CPU, such as llvmpipe. */
  readonly software: boolean;
  /** A human-readable reason why no GPU can be used; null if one can. */
  readonly reason: string | null;
}

/** The device, with its first error if there was one. */
export interface GpuDevice {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  readonly name: string;
  readonly software: boolean;
  /** The maximum number of commands of a jitted function per submit; read when its plan is made. */
  commandsPerSubmit: number;
  /** Records an error. Only the first one is kept. */
  fail(error: Error): void;
  /** Throws the recorded error, if there is one. */
  check(): void;
  /** Releases the device. Its loss after that is not an error. */
  dispose(): void;
}

const limitNames = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const;

/**
 * Drivers reset a GPU that one submit keeps busy for too long: Windows after 2 seconds, Metal if
 * the screen has to wait, Intel after its hang check. A training step of about 650 dispatches may
 * take longer than that, so it is split. tfjs itself splits unjitted work after 15 dispatches.
 *
 * The split is by number of commands, because no better measure is cheap: Deno blocks while it
 * waits for submitted work, so pieces cannot be timed along the way, and a workgroup's work differs
 * between kernels. On llvmpipe at 32 x 32 pixels, the longest of 21 pieces takes 15 % of a training
 * step. When split every 64 commands it takes 26 %, and at 16 still 12 %, because a single dispatch
 * takes 8 %. On SwiftShader a submit costs about 50 microseconds: at one submit per 32 commands,
 * 1.5 microseconds per command.
 *
 * A software GPU is never reset, and llvmpipe's submit returns only when the previously submitted
 * work is done.
 */
const commandsPerSubmit = { hardware: 32, software: Infinity };

const noAdapter =
  "WebGPU finds no GPU: neither a driver with Vulkan, Metal or Direct3D 12 nor a software GPU. " +
  "Install the GPU's driver (on Linux with its Vulkan part), or use --engine tensorflow or cpu.";

async function requestAdapter(): Promise<GPUAdapter | null> {
  const gpu: GPU | undefined = navigator.gpu;
  if (gpu === undefined) return null;
  const restore = withRuntimeFolder();
  try {
    return await gpu.requestAdapter({ powerPreference: "high-performance" });
  } finally {
    restore();
  }
}

/**
 * Without a desktop, Wayland's library warns on stderr that XDG_RUNTIME_DIR is not set, as if
 * something were wrong. With the variable pointing to the root folder, it finds no display and
 * stays quiet.
 */
function withRuntimeFolder(): () => void {
  const variable = "XDG_RUNTIME_DIR";
  if (
    !("Deno" in globalThis) || Deno.build.os !== "linux" ||
    Deno.permissions.querySync({ name: "env", variable }).state !== "granted"
  ) {
    return () => {};
  }
  if (Deno.env.has(variable)) return () => {};
  Deno.env.set(variable, "/");
  return () => Deno.env.delete(variable);
}

function adapterName(info: GPUAdapterInfo): string {
  return info.description || info.device || info.architecture || info.vendor || "unnamed GPU";
}

/** Everything an adapter reports about itself. Only some drivers report their version. */
export function adapterVersion(
  { vendor, architecture, device, description }: GPUAdapterInfo,
): string {
  return [vendor, architecture, device, description].filter((part) => part !== "").join(" ") ||
    "unknown";
}

function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter ||
    /llvmpipe|lavapipe|softpipe|swiftshader|basic render/i.test(adapterName(info));
}

/** Looks for a GPU without opening it. */
export async function probeWebGpu(): Promise<WebGpuProbe> {
  const adapter = await requestAdapter();
  if (adapter === null) {
    return { available: false, adapter: null, software: false, reason: noAdapter };
  }
  const name = adapterName(adapter.info);
  const software = isSoftware(adapter.info);
  const reason = software
    ? `${name} is a software GPU, which is used only with --engine webgpu.`
    : null;
  return { available: true, adapter: name, software, reason };
}

/**
 * Opens a device with everything its adapter allows.
 *
 * @throws {UserError} if there is no adapter, or only a software one and `software` is false
 */
export async function openDevice(options: { software: boolean }): Promise<GpuDevice> {
  const adapter = await requestAdapter();
  if (adapter === null) throw new UserError(noAdapter);
  const info = adapter.info;
  const name = adapterName(info);
  const software = isSoftware(info);
  if (software && !options.software) {
    throw new UserError(
      `WebGPU finds only ${name}, a software GPU, which is slower than --engine tensorflow. ` +
        "Use --engine webgpu to select it, or install the driver of the hardware GPU.",
    );
  }
  const requiredLimits: Record<string, number> = {};
  for (const limit of limitNames) requiredLimits[limit] = adapter.limits[limit];
  const requiredFeatures: GPUFeatureName[] = adapter.features.has("timestamp-query")
    ? ["timestamp-query"]
    : [];
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  let failure: Error | null = null;
  let disposed = false;
  const fail = (error: Error) => {
    failure ??= error;
  };
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    // The listener's type is that of a plain event.
    fail(gpuError("a dispatch", (event as GPUUncapturedErrorEvent).error));
  });
  device.lost.then(({ message }) => {
    if (!disposed) fail(lostError(message));
  });
  const check = () => {
    if (failure !== null) throw failure;
  };
  const dispose = () => {
    disposed = true;
    device.destroy();
  };
  return {
    device,
    info,
    name,
    software,
    commandsPerSubmit: commandsPerSubmit[software ? "software" : "hardware"],
    fail,
    check,
    dispose,
  };
}

function lostError(reason: string): UserError {
  return new UserError(
    `The GPU was lost (${reason || "no reason given"}): its driver was reset, it was removed, or ` +
      "a step took too long. The last checkpoint is intact: run again to continue from there.",
  );
}

/** Converts the GPU's error to one that names the kernel and says what to do. */
export function gpuError(kernel: string, error: GPUError): Error {
  const message = error.message.trim();
  if (/\bdevice\b.*\blost\b/i.test(message)) return lostError(message);
  if (error instanceof GPUOutOfMemoryError || /not enough memory|out of memory/i.test(message)) {
    return new UserError(
      `The GPU's memory ran out in ${kernel} (${message}). Use a smaller training.batchSize or ` +
        "sampling.batchSize, or another engine. The last checkpoint is intact.",
    );
  }
  return new Error(`The GPU refused ${kernel}: ${message}`);
}

/** Throws if a buffer is larger than the device can bind, naming the kernel and the limit. */
export function checkBufferSize(limits: GPUSupportedLimits, kernel: string, bytes: number): void {
  for (const limit of ["maxStorageBufferBindingSize", "maxBufferSize"] as const) {
    if (bytes > limits[limit]) {
      throw new UserError(
        `${kernel} needs a buffer of ${bytes} bytes; the GPU's ${limit} is ${
          limits[limit]
        }. Use a ` +
          "smaller training.batchSize, sampling.batchSize or imageSize, or another engine.",
      );
    }
  }
}

/** Throws if a dispatch has more workgroups or buffers than the device allows. */
export function checkDispatch(
  limits: GPUSupportedLimits,
  kernel: string,
  workgroups: readonly number[],
  buffers: number,
): void {
  if (workgroups.some((count) => count > limits.maxComputeWorkgroupsPerDimension)) {
    throw new UserError(
      `${kernel} needs ${workgroups.join(" x ")} workgroups; the GPU's ` +
        `maxComputeWorkgroupsPerDimension is ${limits.maxComputeWorkgroupsPerDimension}. Use a ` +
        "smaller batch size or image size, or another engine.",
    );
  }
  if (buffers > limits.maxStorageBuffersPerShaderStage) {
    throw new UserError(
      `${kernel} binds ${buffers} buffers; the GPU's maxStorageBuffersPerShaderStage is ` +
        `${limits.maxStorageBuffersPerShaderStage}. Use another engine.`,
    );
  }
}
