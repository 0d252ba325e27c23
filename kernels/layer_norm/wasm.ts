/** Layer normalization over the last axis on the engine `wasm`. */
import * as tf from "@tensorflow/tfjs";
import { epsilon } from "../shared/normalize.ts";
import { registerWasmForm } from "../shared/wasm_form.ts";

/** Registers the kernel. */
export function register(): void {
  registerWasmForm("LayerNorm", ({ x, scale, offset }) => {
    const centred = tf.sub(x, tf.mean(x, 1, true));
    const deviation = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon));
    return tf.add(tf.mul(tf.mul(centred, deviation), scale), offset);
  });
}
