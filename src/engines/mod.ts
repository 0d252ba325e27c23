/** Opens an engine by name. */
import { fromFileUrl } from "@std/path";
import type { Engine, EngineName } from "./engine.ts";
import { UserError } from "../messages/errors.ts";
import type { Precision } from "../spec/resolved.ts";

export type {
  ComputedIn,
  Engine,
  EngineName,
  EnginePlatform,
  JitFunction,
  NativeLibrary,
} from "./engine.ts";

/** Options of {@link openEngine}. */
export interface EngineOptions {
  /**
   * `tf32` allows a GPU to multiply with shorter (TF32) factors. Only `tensorflow` supports `tf32`
   * and `bfloat16`. Default: `float32`.
   */
  precision?: Precision;
  /**
   * Whether to open the engine even if this machine lacks the precision: the processor then
   * emulates bfloat16, slowly, and computes tf32 in float32. Default: false.
   */
  emulate?: boolean | undefined;
  /** Whether to accept a software GPU if `webgpu` is requested by name. Default: true. */
  softwareGpu?: boolean;
  /** Whether to download TensorFlow's library if this machine has none. Default: true. */
  download?: boolean;
  /**
   * Number of CPU threads of `tensorflow`. Default: all cores. The last bits of results depend on
   * it.
   */
  threads?: number | undefined;
}

/**
 * Opens an engine and makes it tfjs's current backend.
 *
 * `auto` picks the first available: TensorFlow with a CUDA device, a hardware GPU through WebGPU,
 * or TensorFlow on the CPU.
 *
 * @throws {UserError} with possible remedies, if the engine cannot run here
 */
export async function openEngine(
  name: EngineName | "auto",
  options: EngineOptions = {},
): Promise<Engine> {
  const precision = options.precision ?? "float32";
  const isRequired = precision === "bfloat16" || (precision === "tf32" && !options.emulate);
  if (isRequired && name !== "tensorflow" && name !== "auto") {
    throw new UserError(
      `precision: ${precision} needs the engine tensorflow, not ${name}; use ` +
        "--engine tensorflow or precision=float32",
    );
  }
  switch (name) {
    case "cpu":
      return await (await import("./cpu.ts")).openCpuEngine();
    case "tensorflow": {
      const { openTensorFlowEngine } = await import("./tensorflow/mod.ts");
      return await openTensorFlowEngine(options);
    }
    case "webgpu": {
      const { openWebGpu } = await import("./webgpu/mod.ts");
      return await openWebGpu({ software: options.softwareGpu ?? true });
    }
    case "wasm": {
      const { openWasm, wasmBinary } = await import("./wasm/mod.ts");
      const binary = import.meta.resolve(`@tensorflow/tfjs-backend-wasm/dist/${wasmBinary}`);
      return await openWasm(Deno.readFileSync(fromFileUrl(binary)));
    }
    case "auto":
      return await openBest(options);
    default:
      throw new UserError(
        `there is no engine ${JSON.stringify(name satisfies never)}; known: auto, tensorflow, ` +
          "webgpu, wasm, cpu",
      );
  }
}

/**
 * Whether this machine may have a GPU. Without one, asking WebGPU loads drivers and prints
 * warnings, so it is asked only if this is true.
 */
function mayHaveGpu(): boolean {
  if (Deno.build.os !== "linux") return true;
  const nodes = (folder: string) => {
    try {
      return [...Deno.readDirSync(folder)].map(({ name }) => name);
    } catch {
      return []; // The folder does not exist, so there are no such devices.
    }
  };
  return nodes("/dev/dri").some((name) => name.startsWith("renderD")) ||
    nodes("/dev").includes("nvidia0");
}

async function openBest(options: EngineOptions): Promise<Engine> {
  if (options.precision !== undefined && options.precision !== "float32") {
    return await openEngine("tensorflow", options);
  }
  let hardware = false;
  if (mayHaveGpu()) {
    const { probeWebGpu } = await import("./webgpu/mod.ts");
    const gpu = await probeWebGpu();
    hardware = gpu.available && !gpu.software;
  }
  const { findLibrary } = await import("./tensorflow/library.ts");
  // With a hardware GPU available, there is no need to download a CPU library.
  const library = await findLibrary({ download: !hardware && options.download !== false }).catch(
    (error) => {
      if (!hardware) throw error;
      return null;
    },
  );
  if (hardware && !library?.gpu) return await openEngine("webgpu", options);
  return await openEngine("tensorflow", options);
}
