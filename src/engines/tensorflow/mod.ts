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
import { hasBfloat16, noBfloat16Text } from "./bfloat16.ts";
import { createBinding } from "./binding.ts";
import { cString, openTensorFlow, type TensorFlow } from "./ffi.ts";
import { createJit } from "./jit.ts";
import { createFusing } from "./fused.ts";
import { findLibrary, type TensorFlowLibrary } from "./library.ts";
import { releaseLibraryPages } from "./resident.ts";
import { registerTensorFlowKernels } from "../../../kernels/register/tensorflow.ts";

/** Options of {@link openTensorFlowEngine}. */
export interface TensorFlowOptions {
  /**
   * `tf32` allows a GPU to round the factors of products to 10 bits; `bfloat16` computes the
   * network's products and activations in bfloat16. Default: `float32`.
   */
  precision?: Precision;
  /** Whether to open the engine even if this machine lacks the precision. Default: false. */
  emulate?: boolean | undefined;
  /**
   * Number of CPU threads. Default: all cores. The last bits of gradients depend on it, because
   * each thread adds up its own part.
   */
  threads?: number | undefined;
  /** Whether to download the library if this machine has none. Default: true. */
  download?: boolean;
}

/** NVIDIA_TF32_OVERRIDE: whether a GPU may round factors to 10 bits. */
export const tf32Override: Record<Precision, "0" | "1"> = {
  float32: "0",
  tf32: "1",
  bfloat16: "0",
};

const noTf32Text = "precision: tf32 needs an NVIDIA GPU with CUDA, and TensorFlow found none: " +
  "the CPU would compute in float32. Use precision=float32, or another machine";

/** The precision that the device computes in if a spec asks for this one. */
function computedPrecision(precision: Precision, device: "cpu" | "cuda"): ComputedIn {
  if (device === "cuda") return precision;
  if (precision === "tf32") return "float32";
  return precision === "bfloat16" && !hasBfloat16() ? "bfloat16, emulated" : precision;
}

/**
 * Opens the engine and makes it tfjs's current backend. A process loads the library once; a second
 * call opens a new context.
 *
 * @throws {UserError} if there is no library, the machine lacks the precision, or `threads` is not
 *   between 1 and 127
 */
export async function openTensorFlowEngine(options: TensorFlowOptions = {}): Promise<Engine> {
  const library = await findLibrary({ download: options.download ?? true });
  const precision = options.precision ?? "float32";
  // TensorFlow reads these when it loads and when it finds a GPU.
  Deno.env.set("NVIDIA_TF32_OVERRIDE", tf32Override[precision]);
  Deno.env.set("TF_CUDNN_DETERMINISTIC", "1");
  const tensorflow = openTensorFlow(library);
  const threads = options.threads ?? navigator.hardwareConcurrency;
  const context = createContext(tensorflow, threads);
  const gpus = listDevices(tensorflow, context).filter((device) => device.type === "GPU");
  const eager = { tensorflow, context };
  const binding = createBinding(eager, gpus.length > 0);
  const device = gpus.length ? "cuda" : "cpu";
  const computedIn = computedPrecision(precision, device);
  if (computedIn !== precision && !options.emulate) {
    binding.dispose();
    throw new UserError(precision === "tf32" ? noTf32Text : noBfloat16Text);
  }
  const backend = await installBackend(binding, gpus.length ? 1 : batchParts(threads), precision);
  const fusing = createFusing(eager, binding);
  const isFusing = precision === "bfloat16" && device === "cpu" && binding.hasKernel("XlaLaunch");
  if (isFusing) backend.fuse = fusing.fuse;
  registerTensorFlowKernels();
  releaseLibraryPages(dirname(library.cc));
  const { jit, dispose: disposeJit } = createJit(eager, backend);
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
 * TensorFlow's two libraries with the digests of their bytes, the wheels they were unpacked from,
 * and the GPU's driver.
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

/** How many parts of a batch are computed at once. More would leave each with too little work. */
const batchParts = (threads: number) => Math.min(threads, 4);

/**
 * Makes an eager context. Its options are a ConfigProto: field 2 is the number of threads within an
 * operation, field 5 the number of operations at once, and field 6.4 lets a GPU's memory grow as
 * needed. The parts of a batch share the threads.
 */
function createContext(tensorflow: TensorFlow, threads: number): Deno.PointerValue {
  const { core, status, check } = tensorflow;
  if (!Number.isInteger(threads) || threads < 1 || threads > 127) {
    throw new UserError(`the number of threads must be 1 to 127, not ${threads}`);
  }
  const options = core.TFE_NewContextOptions();
  const parts = batchParts(threads);
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
