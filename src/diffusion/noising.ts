/**
 * The forward process and the training objective, as functions of tensors that an engine's `jit`
 * can record.
 */
import * as tf from "@tensorflow/tfjs";
import { rank4, scalar } from "../../kernels/shared/ranks.ts";
import type { NoiseSchedule } from "./schedule.ts";

/** Predicts the noise in images. A compiled UNet's `apply` is one. */
export type NoisePredictor = (x: tf.Tensor4D, t: tf.Tensor1D, label?: tf.Tensor1D) => tf.Tensor4D;

/**
 * The factors of the forward process, sqrt(alphaBar) and sqrt(1 - alphaBar), for each timestep:
 * [steps, 2]. Create them once, outside of a recording. They are rounded to float32 only after the
 * square roots. Otherwise the noise of the first timesteps would lose half its digits.
 */
export function noisingFactors(schedule: NoiseSchedule): tf.Tensor2D {
  const factors = Float32Array.from(
    [...schedule.alphaBar].flatMap((alphaBar) => [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)]),
  );
  return tf.tensor2d(factors, [schedule.alphaBar.length, 2], "float32");
}

/**
 * The two factors of each timestep, [batch, 1, 1, 1]. Does not use tf.gather, because its
 * TensorFlow kernel cannot be recorded.
 */
export function factorsAt(factors: tf.Tensor2D, t: tf.Tensor1D): [tf.Tensor4D, tf.Tensor4D] {
  return tf.tidy(() => {
    const pairs = tf.gatherND(factors, t.expandDims(1)).reshape([t.size, 1, 1, 2]);
    const [signal, spread] = tf.split(pairs, 2, 3);
    return [rank4(signal), rank4(spread)];
  });
}

/**
 * Adds the noise of a timestep to images: sqrt(alphaBar[t]) x + sqrt(1 - alphaBar[t]) noise.
 *
 * Source: Ho et al., arXiv 2006.11239, equation 4.
 *
 * @param factors from {@link noisingFactors}
 * @param x images in [-1, 1], [batch, height, width, channels]
 * @param noise standard normal, the shape of x
 * @param t timesteps, int32 [batch]
 */
export function noiseImages(
  factors: tf.Tensor2D,
  x: tf.Tensor4D,
  noise: tf.Tensor4D,
  t: tf.Tensor1D,
): tf.Tensor4D {
  return tf.tidy(() => {
    const [signal, spread] = factorsAt(factors, t);
    return rank4(x.mul(signal).add(noise.mul(spread)));
  });
}

/**
 * The training objective: the mean squared error of the predicted noise. Differentiable with
 * respect to the network's variables.
 *
 * Source: Ho et al., arXiv 2006.11239, equation 14.
 *
 * @param label classes, int32 [batch], -1 for none; only for a class-conditional network
 */
export function denoisingLoss(
  predict: NoisePredictor,
  factors: tf.Tensor2D,
  x: tf.Tensor4D,
  noise: tf.Tensor4D,
  t: tf.Tensor1D,
  label?: tf.Tensor1D,
): tf.Scalar {
  return tf.tidy(() =>
    scalar(predict(noiseImages(factors, x, noise, t), t, label).sub(noise).square().mean())
  );
}
