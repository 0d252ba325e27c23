/** The engine of a browser's page: a hardware GPU by WebGPU where there is one, else WebAssembly. */
import type { Engine } from "../../engines/engine.ts";
import { openWasm } from "../../engines/wasm/mod.ts";
import { openWebGpu, probeWebGpu } from "../../engines/webgpu/mod.ts";

/** An open engine, and why it is this one, in a sentence. */
export interface PlayEngine {
  engine: Engine;
  why: string;
}

/**
 * Opens the engine.
 *
 * @param wasm the binary of tfjs's WebAssembly backend
 * @param wanted `webgpu` takes a software GPU as well; default `auto`
 */
export async function openPlayEngine(
  wasm: Uint8Array<ArrayBuffer>,
  wanted: "auto" | "webgpu" | "wasm" = "auto",
): Promise<PlayEngine> {
  if (wanted === "webgpu") {
    return { engine: await openWebGpu({ software: true }), why: "WebGPU draws, as asked" };
  }
  if (wanted === "wasm") {
    return { engine: await openWasm(wasm), why: "your CPU draws, by WebAssembly, as asked" };
  }
  const gpu = await probeWebGpu().catch(() => null);
  if (gpu?.available && !gpu.software) {
    try {
      return { engine: await openWebGpu({ software: false }), why: "your GPU draws, by WebGPU" };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return {
        engine: await openWasm(wasm),
        why: `your CPU draws, by WebAssembly: the GPU does not start (${reason})`,
      };
    }
  }
  const why = gpu?.available
    ? "your browser's GPU is a software one, which is slower"
    : "your browser offers no GPU by WebGPU";
  return { engine: await openWasm(wasm), why: `your CPU draws, by WebAssembly: ${why}` };
}
