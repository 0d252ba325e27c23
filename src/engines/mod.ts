/** Opening an engine by its name. */
import { fromFileUrl } from "@std/path";
import type { Engine, EngineName } from "./engine.ts";
import { UserError } from "../errors.ts";
import type { Precision } from "../spec/resolved.ts";

export type {
  ComputedIn,
  Engine,
  EngineName,
  EnginePlace,
  JitFunction,
  NativeLibrary,
} from "./engine.ts";

/** How an engine is opened. */
export interface EngineOptions {
  /**
   * `tf32` allows a GPU its shorter factors; `bfloat16` is of `tensorflow` alone; default
   * `float32`.
   */
  precision?: Precision;
  /**
   * Compute in bfloat16 where the processor has no instructions for it, too, which is slow; default
   * false.
   */
  emulate?: boolean | undefined;
  /** Take a software GPU too where `webgpu` is asked for by name; default true. */
  softwareGpu?: boolean;
  /** Fetch TensorFlow's library where this machine has none; default true. */
  download?: boolean;
  /**
   * Threads of `tensorflow` on the CPU; default all cores. The last bits of results depend on it.
   */
  threads?: number | undefined;
}

/**
 * Opens an engine and makes it tfjs's current backend.
 *
 * `auto` takes TensorFlow with a CUDA device, else a hardware GPU by WebGPU, else TensorFlow on the
 * CPU. Throws a `UserError` where the engine cannot run here, with the ways out.
 */
export async function openEngine(
  name: EngineName | "auto",
  options: EngineOptions = {},
): Promise<Engine> {
  if (options.precision === "bfloat16" && name !== "tensorflow" && name !== "auto") {
    throw new UserError(
      `precision: bfloat16 is not of the engine ${name}; take --engine tensorflow, or ` +
        "precision=float32",
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
        `there is no engine ${JSON.stringify(name)}; known: auto, tensorflow, webgpu, wasm, cpu`,
      );
  }
}

/**
 * Whether this machine may have a GPU: asking WebGPU loads drivers, and prints complaints where
 * there is none.
 */
function mayHaveGpu(): boolean {
  if (Deno.build.os !== "linux") return true;
  const nodes = (folder: string) => {
    try {
      return [...Deno.readDirSync(folder)].map(({ name }) => name);
    } catch {
      return []; // There is no such folder: no such devices.
    }
  };
  return nodes("/dev/dri").some((name) => name.startsWith("renderD")) ||
    nodes("/dev").includes("nvidia0");
}

async function openBest(options: EngineOptions): Promise<Engine> {
  if (options.precision === "bfloat16") return await openEngine("tensorflow", options);
  let hardware = false;
  if (mayHaveGpu()) {
    const { probeWebGpu } = await import("./webgpu/mod.ts");
    const gpu = await probeWebGpu();
    hardware = gpu.available && !gpu.software;
  }
  const { findLibrary } = await import("./tensorflow/library.ts");
  // With a GPU at hand a CPU library need not be fetched.
  const library = await findLibrary({ download: !hardware && options.download !== false }).catch(
    (error) => {
      if (!hardware) throw error;
      return null;
    },
  );
  if (hardware && !library?.gpu) return await openEngine("webgpu", options);
  return await openEngine("tensorflow", options);
}
