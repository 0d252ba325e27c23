/**
 * The equivariance loss: how far the network is from commuting with shifts and rotations.
 *
 *     mean |f(T x, t) - T f(x, t)|^2
 *
 * where x is the noisy image, T a random motion of each image, and f the predicted noise. The
 * gradient passes through both terms. T is an orthogonal matrix, which keeps the noise white and
 * its variance the same. So T x is as noisy as its timestep t requires; and if T maps the
 * distribution of the data to itself, a perfect denoiser commutes with T.
 *
 * T wraps around the border. If images only shift, the loss covers the whole image. A rotation
 * brings other parts of the image into the corners, so the loss then covers the inscribed disc.
 *
 * Source: Zhou et al., Alias-Free Latent Diffusion, arXiv 2503.09419, with shifts only.
 */
import * as tf from "@tensorflow/tfjs";
import { rank4 } from "../../kernels/shared/ranks.ts";
import { inscribedDisc, moveEach } from "../../kernels/rotate/mod.ts";
import { noiseImages, type NoisePredictor } from "../diffusion/mod.ts";

/** The inputs of a step's loss. */
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
 * The denoising loss of a batch, as `denoisingLoss` computes it, and its equivariance loss. The
 * network gets the images and the moved images as one batch of twice the size.
 *
 * @param motions the numbers of each image's motion, float32 [batch, 8], see `motionNumbers`
 * @param turns whether any motion is a rotation
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

/** The mean over the pixels in the inscribed disc. */
function meanOfDisc(values: tf.Tensor): tf.Scalar {
  const size = values.shape[1]!;
  const disc = inscribedDisc(size);
  const share = disc.reduce((sum, inside) => sum + inside) / disc.length;
  return values.mul(tf.tensor4d(disc, [1, size, size, 1])).mean().div(share);
}
