/** GroupNorm with one group on the engine `wasm`. */
import * as tf from "@tensorflow/tfjs";
import { epsilon } from "../shared/normalize.ts";
import { registerWasmForm } from "../shared/wasm_form.ts";

/**
 * The mean of each image, [batch, 1, 1, 1]. Two nested sums round less often than a single long
 * one.
 */
function imageMean(x: tf.Tensor4D): tf.Tensor4D {
  return tf.mean(tf.mean(x, 3, true), [1, 2], true);
}

/** Mean and 1 / sqrt(variance + epsilon) of each image, [batch, 1, 1, 1], and x minus its mean. */
export function imageStatistics(
  x: tf.Tensor4D,
): { mean: tf.Tensor4D; scale: tf.Tensor4D; centred: tf.Tensor4D } {
  const mean = imageMean(x);
  const centred = tf.sub<tf.Tensor4D>(x, mean);
  return { mean, scale: tf.rsqrt(tf.add(imageMean(tf.square(centred)), epsilon)), centred };
}

/** Registers the kernel. */
export function register(): void {
  registerWasmForm("GroupNorm", ({ x, scale, offset }) => {
    const statistics = imageStatistics(x);
    const factors = tf.mul(statistics.scale, scale.reshape([1, 1, 1, -1]));
    return tf.add(tf.mul(statistics.centred, factors), offset);
  });
}
