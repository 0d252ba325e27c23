/**
 * Tensors of a known rank. Most of tfjs's functions return a tensor whose type does not say its
 * rank; these check it and say it.
 */
import type * as tf from "@tensorflow/tfjs";

/** Returns a tensor without axes. Throws a `TypeError` if there is no tensor, or it has axes. */
export const scalar = ofRank<tf.Scalar>(0);

/** Returns a tensor of rank 1. Throws a `TypeError` if there is none, or it has another rank. */
export const rank1 = ofRank<tf.Tensor1D>(1);

/** Returns a tensor of rank 2. Throws a `TypeError` if there is none, or it has another rank. */
export const rank2 = ofRank<tf.Tensor2D>(2);

/** Returns a tensor of rank 3. Throws a `TypeError` if there is none, or it has another rank. */
export const rank3 = ofRank<tf.Tensor3D>(3);

/** Returns a tensor of rank 4. Throws a `TypeError` if there is none, or it has another rank. */
export const rank4 = ofRank<tf.Tensor4D>(4);

function ofRank<T extends tf.Tensor>(rank: number): (tensor: tf.Tensor | undefined) => T {
  const hasRank = (tensor: tf.Tensor): tensor is T => tensor.rank === rank;
  return (tensor) => {
    if (tensor === undefined || !hasRank(tensor)) {
      const found = tensor === undefined ? "no tensor" : `shape [${tensor.shape}]`;
      throw new TypeError(`expected a tensor of rank ${rank}, got ${found}`);
    }
    return tensor;
  };
}
