/** Attention on the engine `wasm`, one image at a time to limit the scores in memory. */
import * as tf from "@tensorflow/tfjs";
import { registerWasmForm } from "../shared/wasm_form.ts";
import { sizes2 } from "../shared/ranks.ts";

/** Reshapes one image's [positions, channels] to [heads, positions, headSize]. */
function split(x: tf.Tensor, heads: number): tf.Tensor3D {
  const [positions, channels] = sizes2(x.shape.slice(-2));
  return tf.transpose(x.reshape([positions, heads, channels / heads]), [1, 0, 2]) as tf.Tensor3D;
}

/** One image's output [positions, channels] and log(sum(exp(score))) [heads, positions]. */
function attend(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, heads: number): tf.Tensor[] {
  const [positions, channels] = sizes2(query.shape.slice(-2));
  const scale = 1 / Math.sqrt(channels / heads);
  const scores = tf.matMul(tf.mul(split(query, heads), scale), split(key, heads), false, true);
  const largest = tf.max(scores, 2, true);
  const exponentials = tf.exp(tf.sub(scores, largest));
  const sums = tf.sum(exponentials, 2, true);
  const mixed = tf.div(tf.matMul(exponentials, split(value, heads)), sums);
  return [
    tf.transpose(mixed, [1, 0, 2]).reshape([positions, channels]),
    tf.add(largest, tf.log(sums)).reshape([heads, positions]),
  ];
}

/** Registers the kernel. */
export function register(): void {
  registerWasmForm("Attention", ({ query, key, value }, { heads }) => {
    const [queries, keys, values] = [query, key, value].map((x: tf.Tensor) => tf.unstack(x));
    const images = (queries ?? []).map((q, i) => {
      const [k, v] = [keys?.[i], values?.[i]];
      if (!k || !v) throw new Error("attention: query, key and value have different batches");
      return tf.tidy(() => attend(q, k, v, heads));
    });
    return [0, 1].map((output) => tf.stack(images.map((image) => image[output]!)));
  });
}
