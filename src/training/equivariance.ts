/**
 * The equivariance loss: a network that commutes with shifts and turns is asked for, image by image.
 *
 *     mean |f(T x, t) - T f(x, t)|^2
 *
 * with x the noisy image, T a random motion of it, and f the predicted noise. The gradient goes
 * through both terms. T is an orthogonal matrix: noise stays white under it, with the same variance,
 * so T x is as noisy as the timestep says, and a perfect denoiser of data that T does not change
 * commutes with it.
 *
 * T wraps around the border, and so the whole image is compared where images only shift. A turn
 * brings in what was outside, in the corners: then the disc is compared that touches the border.
 *
 * Source: Zhou et al., Alias-Free Latent Diffusion, arXiv 2503.09419, whose images shift only.
 */
import * as tf from "@tensorflow/tfjs";
import { rank4 } from "../../kernels/shared/ranks.ts";
import { inscribedDisc, moveEach } from "../../kernels/rotate/mod.ts";
import { noiseImages, type NoisePredictor } from "../diffusion/mod.ts";

/** What a step is computed from. */
export interface NoisyBatch {
  /** From `noisingFactors`. */
  factors: tf.Tensor2D;
  /** Images in [-1, 1], [batch, size, size, channels]. */
  x: tf.Tensor4D;
  /** Standard normal, the shape of x. */
  noise: tf.Tensor4D;
  /** Timesteps, int32 [batch]. */
  t: tf.Tensor1D;
  /** Classes, int32 [batch], -1 for none. */
  label?: tf.Tensor1D | undefined;
}

/**
 * The denoising loss of a batch, which `denoisingLoss` would give, and its equivariance loss. The
 * network sees the images and the moved ones as one batch of twice the size.
 *
 * @param motions numbers of a motion for each image, float32 [batch, 8], see `motionNumbers`
 * @param turns whether any of them turns
 */
export function denoisingAndEquivariance(
  predict: NoisePredictor,
  { factors, x, noise, t, label }: NoisyBatch,
  motions: tf.Tensor2D,
  turns: boolean,
): { denoising: tf.Scalar; equivariance: tf.Scalar } {
  const still = noiseImages(factors, x, noise, t);
  const moved = moveEach(still, motions, turns);
  const twice = label ? tf.concat([label, label]) : undefined;
  const both = predict(tf.concat([still, moved]), tf.concat([t, t]), twice);
  const [ofStill, ofMoved] = tf.split(both, 2).map(rank4) as [tf.Tensor4D, tf.Tensor4D];
  const squares = ofMoved.sub(moveEach(ofStill, motions, turns)).square();
  return {
    denoising: ofStill.sub(noise).square().mean(),
    equivariance: turns ? meanOfDisc(squares) : squares.mean(),
  };
}

/** The mean over the pixels of the inscribed disc. */
function meanOfDisc(values: tf.Tensor): tf.Scalar {
  const size = values.shape[1]!;
  const disc = inscribedDisc(size);
  const share = disc.reduce((sum, inside) => sum + inside) / disc.length;
  return values.mul(tf.tensor4d(disc, [1, size, size, 1])).mean().div(share);
}
