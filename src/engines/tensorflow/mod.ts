/**
 * The engine `tensorflow`: TensorFlow's own library through Deno's FFI, on the CPU or a CUDA
 * device.
 */
import * as tf from "@tensorflow/tfjs";
import { basename, dirname } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import { sha256OfFile } from "../../formats/sha256.ts";
import type { ComputedIn, Engine, NativeLibrary } from "../engine.ts";
import type { Precision } from "../../spec/resolved.ts";
import { nvidiaDriver } from "../nvidia_driver.ts";
import { installBackend } from "./backend.ts";
import { hasBfloat16, withoutBfloat16 } from "./bfloat16.ts";
import { createBinding } from "./binding.ts";
import { cString, openTensorFlow, type TensorFlow } from "./ffi.ts";
import { createJit } from "./jit.ts";
import { createFusing } from "./fused.ts";
import { findLibrary, type TensorFlowLibrary } from "./library.ts";
import { releaseLibraryPages } from "./resident.ts";
import { registerTensorFlowKernels } from "../../../kernels/register/tensorflow.ts";

/** How TensorFlow is set up. */
export interface TensorFlowOptions {
  /**
   * `tf32` lets a GPU that has it round the factors of products to 10 bits; `bfloat16` makes the
   * network's products and activations bfloat16; default `float32`.
   */
  precision?: Precision;
  /** Open the engine even if this machine lacks the precision; default false. */
  emulate?: boolean | undefined;
  /** Threads; default all cores. The last bits of gradients depend on it: each adds up its part. */
  threads?: number | undefined;
  /** Fetch the library where this machine has none; default true. */
  download?: boolean;
}

/** Whether a GPU may round factors to 10 bits. A precision without an answer does not compile. */
export const tf32Override: Record<Precision, "0" | "1"> = {
  float32: "0",
  tf32: "1",
  bfloat16: "0",
};

const withoutTf32 = "precision: tf32 needs an NVIDIA GPU with CUDA, and TensorFlow found none: " +
  "the CPU would compute in float32. Use precision=float32, or another machine";

/** What the device computes in when a spec asks for a precision. */
function precisionOf(precision: Precision, device: "cpu" | "cuda"): ComputedIn {
  if (device === "cuda") return precision;
  if (precision === "tf32") return "float32";
  return precision === "bfloat16" && !hasBfloat16() ? "bfloat16, emulated" : precision;
}

/** Opens the engine. One process has one; a second call gives a new context on the same library. */
export async function openTensorFlowEngine(options: TensorFlowOptions = {}): Promise<Engine> {
  const library = await findLibrary({ download: options.download ?? true });
  const precision = options.precision ?? "float32";
  // TensorFlow reads these when it loads and when it meets a GPU.
  Deno.env.set("NVIDIA_TF32_OVERRIDE", tf32Override[precision]);
  Deno.env.set("TF_CUDNN_DETERMINISTIC", "1");
  const tensorflow = openTensorFlow(library);
  const threads = options.threads ?? navigator.hardwareConcurrency;
  const context = createContext(tensorflow, threads);
  const gpus = listDevices(tensorflow, context).filter((device) => device.type === "GPU");
  const binding = createBinding(tensorflow, context, gpus.length > 0);
  const device = gpus.length ? "cuda" : "cpu";
  const computedIn = precisionOf(precision, device);
  if (computedIn !== precision && !options.emulate) {
    binding.dispose();
    throw new UserError(precision === "tf32" ? withoutTf32 : withoutBfloat16);
  }
  const backend = await installBackend(binding, gpus.length ? 1 : partsOf(threads), precision);
  const fusing = createFusing(tensorflow, context, binding);
  const isFusing = precision === "bfloat16" && device === "cpu" && binding.hasKernel("XlaLaunch");
  if (isFusing) backend.fuse = fusing.fuse;
  registerTensorFlowKernels();
  releaseLibraryPages(dirname(library.cc));
  const { jit, dispose: disposeJit } = createJit(tensorflow, context, backend);
  return {
    name: "tensorflow",
    description: describe(tensorflow, library, gpus.length, threads) +
      (computedIn === "float32" ? "" : `, ${computedIn}`),
    device,
    threads: gpus.length ? null : threads,
    precision: computedIn,
    libraries: () =>
      loadedLibraries(cString(tensorflow.core.TF_Version()), library, gpus.length > 0),
    trains: true,
    hardwareGpu: gpus.length > 0,
    largestTensor: null,
    jit,
    dispose() {
      disposeJit();
      fusing.dispose();
      if (tf.findBackend("tensorflow") === backend) tf.removeBackend("tensorflow");
      binding.dispose();
    },
  };
}

function describe(
  tensorflow: TensorFlow,
  library: TensorFlowLibrary,
  gpus: number,
  threads: number,
): string {
  const device = gpus ? `CUDA, ${gpus} GPU${gpus > 1 ? "s" : ""}` : `CPU, ${threads} threads`;
  return `TensorFlow ${cString(tensorflow.core.TF_Version())} (${library.source}), ${device}`;
}

/**
 * TensorFlow's two libraries by the bytes that were loaded; with a GPU its driver, and the wheels
 * of CUDA's.
 */
function loadedLibraries(
  version: string,
  { cc, framework, wheels }: TensorFlowLibrary,
  gpu: boolean,
): NativeLibrary[] {
  const ours = [cc, framework].map((path) => ({
    name: basename(path),
    version,
    sha256: sha256OfFile(path),
  }));
  const fetched = wheels.map(({ name, version, sha256 }) => ({
    name: `wheel ${name}`,
    version,
    sha256,
  }));
  return [...ours, ...fetched, ...(gpu ? nvidiaDriver() : [])];
}

/**
 * Parts of a batch that are computed at once (`kernels/shared/batch_parts.ts`); more would leave each too
 * little to do.
 */
const partsOf = (threads: number) => Math.min(threads, 4);

/**
 * An eager context. Its options are a ConfigProto: field 2 is the number of threads within an
 * operation, 5 that of operations at once, 6.4 lets a GPU's memory grow as needed. The parts of a
 * batch share the threads.
 */
function createContext(tensorflow: TensorFlow, threads: number): Deno.PointerValue {
  const { core, status, check } = tensorflow;
  if (!Number.isInteger(threads) || threads < 1 || threads > 127) {
    throw new UserError(`the number of threads must be 1 to 127, not ${threads}`);
  }
  const options = core.TFE_NewContextOptions();
  const parts = partsOf(threads);
  const config = Uint8Array.of(0x10, Math.ceil(threads / parts), 0x28, parts, 0x32, 2, 0x20, 1);
  core.TFE_ContextOptionsSetConfig(options, config, BigInt(config.length), status);
  check("the options of TensorFlow's context");
  const context = core.TFE_NewContext(options, status);
  core.TFE_DeleteContextOptions(options);
  check("TensorFlow's context");
  return context;
}

function listDevices(
  tensorflow: TensorFlow,
  context: Deno.PointerValue,
): { name: string; type: string }[] {
  const { core, status, check } = tensorflow;
  const list = core.TFE_ContextListDevices(context, status);
  check("the list of devices");
  const devices = Array.from({ length: core.TF_DeviceListCount(list) }, (_, i) => ({
    name: cString(core.TF_DeviceListName(list, i, status)),
    type: cString(core.TF_DeviceListType(list, i, status)),
  }));
  core.TF_DeleteDeviceList(list);
  return devices;
}
