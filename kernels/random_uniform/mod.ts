/** Uniform numbers from Philox4x32-10: the same bits on every engine. */
import * as tf from "@tensorflow/tfjs";
import { checkRandom } from "../random_normal/checks.ts";
import "./reference.ts";

/**
 * Independent uniform numbers in [0, 1): multiples of 2^-24. Element 4 b + i comes from word i of
 * the block at counter + b. All engines give the same numbers, to the bit.
 *
 * Key and counter are tensors, so that a traced function draws new numbers at each call. No
 * gradient. Only training uses it, so the engine `wasm` has no form of it.
 *
 * @param shape of the result
 * @param key int32 [2], low word first (see `philoxKey`)
 * @param counter int32 [4], low word first: the counter of the first block
 * @returns float32 of the given shape
 * @throws TypeError if key or counter has another type or shape
 * @throws RangeError if the shape has no elements
 */
export function randomUniform<R extends tf.Rank>(
  shape: tf.ShapeMap[R],
  key: tf.Tensor1D,
  counter: tf.Tensor1D,
): tf.Tensor<R> {
  // A list of sizes for every rank, which tfjs's type does not say.
  const sizes = shape as number[];
  checkRandom("randomUniform", sizes, key, counter);
  return tf.engine().runKernel("RandomUniform", { key, counter }, { shape: sizes }) as tf.Tensor<R>;
}
