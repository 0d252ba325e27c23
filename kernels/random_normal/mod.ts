/** Standard normal numbers from Philox4x32-10: the same bits on every engine. */
import * as tf from "@tensorflow/tfjs";
import { checkRandom } from "./checks.ts";
import "./reference.ts";

/**
 * Independent standard normal numbers. Element 4 b + i comes from word i of the block at
 * counter + b, by the Box-Muller transform of the pairs (0, 1) and (2, 3). All engines produce the
 * same bits. The numbers agree to about 1e-6, because logarithm and cosine are rounded differently.
 *
 * Key and counter are tensors, so that a traced function draws new numbers at each call. No
 * gradient.
 *
 * Source: Salmon et al., SC 2011 (Philox); Box and Muller, Annals of Mathematical Statistics 29
 * (1958).
 *
 * @param shape of the result
 * @param key int32 [2], low word first (see `philoxKey`)
 * @param counter int32 [4], low word first: the counter of the first block
 * @returns float32 of the given shape
 * @throws TypeError if key or counter has another type or shape
 * @throws RangeError if the shape has no elements
 */
export function randomNormal<R extends tf.Rank>(
  shape: tf.ShapeMap[R],
  key: tf.Tensor1D,
  counter: tf.Tensor1D,
): tf.Tensor<R> {
  checkRandom("randomNormal", shape as number[], key, counter);
  return tf.engine().runKernel("RandomNormal", { key, counter }, {
    shape: shape as number[],
  }) as tf.Tensor<R>;
}
