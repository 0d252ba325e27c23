/**
 * Tensors and shapes of a known rank. Most of tfjs's functions return a tensor whose type does not
 * say its rank; these check it and say it.
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

/** Returns the sizes of a shape of rank 2. Throws a `TypeError` if it has another rank. */
export const sizes2 = ofLength<[number, number]>(2);

/** Returns the sizes of a shape of rank 3. Throws a `TypeError` if it has another rank. */
export const sizes3 = ofLength<[number, number, number]>(3);

/** Returns the sizes of a shape of rank 4. Throws a `TypeError` if it has another rank. */
export const sizes4 = ofLength<[number, number, number, number]>(4);

function ofLength<T extends number[]>(
  rank: number,
): (shape: readonly number[] | undefined) => Readonly<T> {
  const hasRank = (shape: readonly number[]): shape is Readonly<T> => shape.length === rank;
  return (shape) => {
    if (shape === undefined || !hasRank(shape)) {
      throw new TypeError(`expected a shape of rank ${rank}, got ${shape && `[${shape}]`}`);
    }
    return shape;
  };
}
