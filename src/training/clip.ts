/** Gradient clipping: one factor for all gradients, by their common norm. */
import * as tf from "@tensorflow/tfjs";

/**
 * Scales gradients down together where their common norm is larger than allowed:
 *
 *     norm = sqrt(sum of all squared elements)
 *     g    = g min(1, clipNorm / (norm + 1e-6))
 *
 * Source: Pascanu et al., arXiv 1211.5063, algorithm 1, as torch.nn.utils.clip_grad_norm_.
 *
 * @param gradients float32, of any shapes; at least one
 * @param clipNorm the largest norm, above 0
 * @returns the scaled gradients, in the same order
 */
export function clipGradients(gradients: tf.Tensor[], clipNorm: number): tf.Tensor[] {
  return tf.tidy(() => {
    const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)).reshape([1]));
    const norm = tf.sqrt(tf.sum(tf.concat(squares)));
    const factor = tf.minimum(1, tf.div(clipNorm, tf.add(norm, 1e-6)));
    return gradients.map((gradient) => tf.mul(gradient, factor));
  });
}
