/**
 * The engine `wasm`: tfjs's WebAssembly backend on one thread. It draws images with trained models,
 * in a browser or under Deno, without TensorFlow's library. It computes no gradients.
 */
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths, version_wasm } from "@tensorflow/tfjs-backend-wasm";
import { registerWasmKernels } from "../../../kernels/register/wasm.ts";
import type { Engine } from "../engine.ts";
import { registerOneHot } from "./one_hot.ts";

/** File name of the backend's binary, in the variant with SIMD. */
export const wasmBinary = "tfjs-backend-wasm-simd.wasm";

/**
 * Opens the engine and makes it tfjs's current backend. Its `jit` simply calls the function.
 *
 * @param binary the bytes of the backend's binary, {@link wasmBinary}
 * @throws Error if the binary cannot be started
 */
export async function openWasm(binary: Uint8Array<ArrayBuffer>): Promise<Engine> {
  // Threads require a cross-origin isolated page, and where they were available they gained
  // nothing.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  if (!await withBinary(binary, () => tf.setBackend("wasm"))) {
    throw new Error("WebAssembly with SIMD does not start here");
  }
  registerWasmKernels();
  registerOneHot();
  return {
    name: "wasm",
    description: `tfjs-backend-wasm ${version_wasm}, one thread`,
    device: "cpu",
    threads: 1,
    libraries: () => [{ name: "tfjs-backend-wasm", version: version_wasm }],
    trains: false,
    precision: "float32",
    hardwareGpu: false,
    // WebAssembly's memory is limited to 4 GiB, which the tensor shares with others.
    largestTensor: 2 ** 30,
    jit: (fn) =>
      Object.assign(
        (...inputs: tf.Tensor[]) => tf.tidy(() => fn(...inputs).map((result) => result.clone())),
        { dispose() {} },
      ),
    dispose() {},
  };
}

/**
 * Starts the backend with an in-memory binary. The backend only knows how to fetch one, so `fetch`
 * is replaced meanwhile and answers from memory; nothing is downloaded.
 */
async function withBinary<T>(
  binary: Uint8Array<ArrayBuffer>,
  start: () => Promise<T>,
): Promise<T> {
  setWasmPaths(
    {
      "tfjs-backend-wasm.wasm": wasmBinary,
      "tfjs-backend-wasm-simd.wasm": wasmBinary,
      "tfjs-backend-wasm-threaded-simd.wasm": wasmBinary,
    },
    true,
  );
  const { platform } = tf.env();
  const { fetch } = platform;
  platform.fetch = () => Promise.resolve(new Response(binary));
  try {
    return await start();
  } finally {
    platform.fetch = fetch;
  }
}
