/**
 * Maps of both axes as batched matrix products, without passes that only transpose: a product can
 * read its factor transposed, so each one moves the axis that it maps to the other end. Two of them
 * lead from images with channels last to channels first, and two others back.
 */
import * as tf from "@tensorflow/tfjs";

/** The matrix product of tfjs or of an engine; the factors' batches may be one. */
export type MatMul = (
  a: tf.Tensor3D,
  b: tf.Tensor3D,
  transposeA: boolean,
  transposeB: boolean,
) => tf.Tensor3D;

/** tfjs's own product. */
export const matMul: MatMul = tf.matMul;

/** A map or its transpose, as a factor for a batch. */
export interface Factor {
  map: tf.Tensor2D;
  transposed?: boolean;
}

/** The size of the axis that a map makes. */
function sizeOf({ map, transposed = false }: Factor): number {
  return map.shape[transposed ? 1 : 0];
}

function matrixOf({ map }: Factor): tf.Tensor3D {
  return tf.reshape(map, [1, ...map.shape]) as tf.Tensor3D;
}

/** Maps the first axis of [batch, from, rest], and moves it to the end: [batch, rest, to]. */
function firstToLast(x: tf.Tensor, rest: number, factor: Factor, product: MatMul): tf.Tensor {
  const rows = tf.reshape(x, [x.shape[0]!, -1, rest]) as tf.Tensor3D;
  return product(rows, matrixOf(factor), true, !factor.transposed);
}

/** Maps the last axis of [batch, rest, from], and moves it to the front: [batch, to, rest]. */
function lastToFirst(x: tf.Tensor, rest: number, factor: Factor, product: MatMul): tf.Tensor {
  const rows = tf.reshape(x, [x.shape[0]!, rest, -1]) as tf.Tensor3D;
  return product(matrixOf(factor), rows, Boolean(factor.transposed), true);
}

/** Maps [batch, from, from, channels] to [batch, channels, to, to]. */
export function toChannelsFirst(
  x: tf.Tensor4D,
  factor: Factor,
  product: MatMul,
): tf.Tensor4D {
  const [batch, , width, channels] = x.shape;
  const to = sizeOf(factor);
  const rows = firstToLast(x, width * channels, factor, product);
  return tf.reshape(firstToLast(rows, channels * to, factor, product), [batch, channels, to, to]);
}

/** Maps [batch, channels, from, from] to [batch, to, to, channels]. */
export function toChannelsLast(
  x: tf.Tensor4D,
  factor: Factor,
  product: MatMul,
): tf.Tensor4D {
  const [batch, channels, height] = x.shape;
  const to = sizeOf(factor);
  const columns = lastToFirst(x, channels * height, factor, product);
  return tf.reshape(lastToFirst(columns, to * channels, factor, product), [
    batch,
    to,
    to,
    channels,
  ]);
}

/** Maps [batch, from, from, channels] to [batch, to, to, channels]. */
export function channelsLast(x: tf.Tensor4D, factor: Factor, product: MatMul): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const to = sizeOf(factor);
  const isTransposed = Boolean(factor.transposed);
  const image = tf.reshape(x, [batch, height, width * channels]) as tf.Tensor3D;
  const rows = product(matrixOf(factor), image, isTransposed, false);
  const columns = tf.reshape(rows, [batch * to, width, channels]) as tf.Tensor3D;
  const y = product(matrixOf(factor), columns, isTransposed, false);
  return tf.reshape(y, [batch, to, to, channels]);
}
