/**
 * GroupNorm with one group on the engine `tensorflow`. Each image is one row of numbers, so a fused
 * LayerNorm computes it if there is one. Otherwise, and in the gradient, sums of products are dot
 * products, which read memory but do not write it.
 */
import * as tf from "@tensorflow/tfjs";
import { fusedLayerNorm, hasFusedLayerNorm } from "../layer_norm/tensorflow.ts";
import { epsilon } from "../shared/normalize.ts";
import { narrow, widen } from "../shared/precision.ts";
import { registerForm } from "../shared/tensorflow_form.ts";

/** Each row's dot product with itself, [batch, 1, 1], of [batch, length]. */
function squaredLengths(rows: tf.Tensor2D): tf.Tensor3D {
  const [batch, length] = rows.shape;
  const row = rows.reshape([batch, 1, length]);
  return tf.matMul(row, row, false, true) as tf.Tensor3D;
}

/**
 * Mean and 1 / sqrt(variance + epsilon) of each image, [batch, 1, 1], and the image minus its mean,
 * [batch, length].
 */
export function imageStatistics(
  x: tf.Tensor4D,
): { mean: tf.Tensor3D; scale: tf.Tensor3D; centred: tf.Tensor2D } {
  const batch = x.shape[0];
  const length = x.size / batch;
  const rows = x.reshape([batch, length]) as tf.Tensor2D;
  const mean = tf.mean(rows, 1, true);
  const centred = tf.sub(rows, mean) as tf.Tensor2D;
  const variance = tf.mul(squaredLengths(centred), 1 / length);
  return {
    mean: mean.reshape([batch, 1, 1]),
    scale: tf.rsqrt(tf.add(variance, epsilon)) as tf.Tensor3D,
    centred,
  };
}

/** GroupNorm of [batch, height, width, channels]. */
export function groupNormForm(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
): tf.Tensor4D {
  if (hasFusedLayerNorm(x)) {
    const [batch, height, width] = x.shape;
    const eachPixel = (values: tf.Tensor1D) => tf.tile(values, [height * width]);
    const rows = x.reshape([batch, -1]) as tf.Tensor2D;
    return fusedLayerNorm(rows, eachPixel(scale), eachPixel(offset)).reshape(x.shape);
  }
  const { scale: inverse, centred } = imageStatistics(widen(x));
  const [batch, height, width, channels] = x.shape;
  const a = tf.mul(inverse, scale.reshape([1, 1, -1]));
  const pixels = centred.reshape([batch, height * width, channels]);
  return narrow(tf.add(tf.mul(pixels, a), offset.reshape([1, 1, -1])).reshape(x.shape));
}

/** The gradients for x, scale and offset. */
export function groupNormGradForm(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  scale: tf.Tensor1D,
): [dx: tf.Tensor4D, dscale: tf.Tensor, doffset: tf.Tensor] {
  const [batch, height, width, channels] = x.shape;
  const length = height * width * channels;
  const { scale: inverse, centred: rows } = imageStatistics(widen(x));
  const factors = scale.reshape([1, 1, channels]);
  const flat = [batch, height * width, channels] as const;
  const flatDy = widen(dy).reshape([...flat]);
  const centred = rows.reshape([...flat]);
  // Sums over each image's pixels, [batch, 1, channels]: of dy, and of dy times xHat.
  const sum = tf.sum(flatDy, 1, true);
  const product = tf.mul(tf.sum(tf.mul(flatDy, centred), 1, true), inverse);
  const meanG = tf.mul(tf.sum(tf.mul(sum, factors), 2, true), 1 / length);
  const meanGX = tf.mul(tf.sum(tf.mul(product, factors), 2, true), 1 / length);
  // dx = inverse (dy scale - mean(g) - xHat mean(g xHat)), with xHat = inverse (x - mean).
  const slope = tf.neg(tf.mul(tf.square(inverse), meanGX));
  const dx = tf.add(
    tf.add(tf.mul(flatDy, tf.mul(inverse, factors)), tf.mul(centred, slope)),
    tf.neg(tf.mul(inverse, meanG)),
  );
  return [narrow(dx.reshape(x.shape)), tf.sum(product, [0, 1]), tf.sum(sum, [0, 1])];
}

/** Registers the kernels. */
export function register(): void {
  registerForm("GroupNorm", ({ x, scale, offset }) => groupNormForm(x, scale, offset));
  registerForm("GroupNormGrad", ({ x, dy, scale }) => groupNormGradForm(x, dy, scale));
}
