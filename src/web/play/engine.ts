/** The engine of the page: WebGPU if the browser has a hardware GPU, WebAssembly otherwise. */
import type { Engine } from "../../engines/engine.ts";
import { openWasm } from "../../engines/wasm/mod.ts";
import { openWebGpu, probeWebGpu } from "../../engines/webgpu/mod.ts";

/** An open engine, and the reason for the choice, to follow "drawing on". */
export interface PlayEngine {
  engine: Engine;
  reason: string;
}

/** The engines that a page can ask for; `auto` prefers a hardware GPU. */
export type PlayEngineChoice = "auto" | "webgpu" | "wasm";

/**
 * Opens the engine.
 *
 * @param wasm the binary of tfjs's WebAssembly backend
 * @param choice `webgpu` also accepts a software GPU
 */
export async function openPlayEngine(
  wasm: Uint8Array<ArrayBuffer>,
  choice: PlayEngineChoice,
): Promise<PlayEngine> {
  if (choice === "webgpu") {
    return { engine: await openWebGpu({ software: true }), reason: "WebGPU, as requested" };
  }
  if (choice === "wasm") {
    return {
      engine: await openWasm(wasm),
      reason: "the CPU with WebAssembly, as requested",
    };
  }
  const gpu = await probeWebGpu().catch(() => null);
  if (gpu?.available && !gpu.software) {
    try {
      return { engine: await openWebGpu({ software: false }), reason: "the GPU with WebGPU" };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return {
        engine: await openWasm(wasm),
        reason: `the CPU with WebAssembly, because the GPU failed to start (${message})`,
      };
    }
  }
  const why = gpu?.available
    ? "the browser's GPU is emulated in software, which is slower"
    : "the browser offers no GPU through WebGPU";
  return {
    engine: await openWasm(wasm),
    reason: `the CPU with WebAssembly, because ${why}`,
  };
}
