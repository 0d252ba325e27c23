/** Exact GELU on the engine `wasm`: x (1 + erf(x / sqrt 2)) / 2. */
import * as tf from "@tensorflow/tfjs";
import { registerWasmForm } from "../shared/wasm_form.ts";

/** Elementwise GELU of any shape. */
export function wasmGelu<T extends tf.Tensor>(x: T): T {
  const half = tf.mul(x, 0.5);
  return tf.add(half, tf.mul(half, tf.erf(tf.mul(x, Math.SQRT1_2))));
}

/** Registers the kernel. */
export function register(): void {
  registerWasmForm("Gelu", ({ x }) => wasmGelu(x));
}
