/**
 * A batch in parts that are computed at the same time. Threads that share each operation wait for
 * one another behind every one of them; threads that each have some images of their own meet only
 * at the end. On two cores a training step of the 32-pixel network takes 13 % less time so.
 */
import * as tf from "@tensorflow/tfjs";

/**
 * Rows times positions below which a part is not worth its operations: one image of 32 x 32, say.
 */
const leastPositions = 1024;

/**
 * Applies a function that treats the rows of a batch alike and apart, in as many parts as suits the
 * current backend (its `batchParts`, 1 where it has none) and the work. What it computes is the
 * same; the order in which the gradients of weights are added is not.
 *
 * @param images [batch, height, width, channels]
 * @param others more tensors with one row an image
 * @param fn from a part of `images` and of `others` to tensors with one row an image
 */
export function inBatchParts<T extends tf.Tensor[]>(
  images: tf.Tensor4D,
  others: tf.Tensor[],
  fn: (images: tf.Tensor4D, others: tf.Tensor[]) => T,
): T {
  const [batch, height, width] = images.shape;
  const { batchParts = 1 } = tf.backend() as { batchParts?: number };
  const count = Math.min(batchParts, batch, Math.floor(batch * height * width / leastPositions));
  if (count < 2) return fn(images, others);
  const sizes = Array.from(
    { length: count },
    (_, i) => Math.floor(batch * (i + 1) / count) - Math.floor(batch * i / count),
  );
  const parts = [images, ...others].map((tensor) => tf.split(tensor, sizes));
  const results = sizes.map((_, i) => {
    const [part, ...rest] = parts.map((list) => list[i]!);
    return fn(part as tf.Tensor4D, rest);
  });
  return results[0]!.map((_, k) => tf.concat(results.map((result) => result[k]!))) as T;
}
