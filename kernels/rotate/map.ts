/**
 * Linear maps of the image plane, set up once and applied often. Rotating or shifting an image by a
 * fixed amount is such a map. Its tensors may be arguments of a jitted function.
 */
import * as tf from "@tensorflow/tfjs";

/**
 * A linear map of planes of `height` x `width` pixels.
 *
 * - `dense`: one matrix [pixels, pixels], input by output.
 * - `separable`: a matrix [height, height] along the columns and one [width, width] along the rows,
 *   output by input.
 * - `gather`: two such matrices (the spline's filter), then for each pixel 16 of the results: int32
 *   indices [16 pixels] and their weights [16, pixels, 1].
 * - `shears`: a permutation and its inverse (int32 [pixels] each), then a matrix for each row
 *   [height, width, width], each column [width, height, height], and each row again, output by
 *   input. All matrices are orthogonal.
 */
export interface PlaneMap {
  /** How to interpret the tensors. */
  readonly kind: "dense" | "separable" | "gather" | "shears";
  /** Height in pixels. */
  readonly height: number;
  /** Width in pixels. */
  readonly width: number;
  /** The map's numbers, depending on the kind. */
  readonly tensors: tf.Tensor[];
}

/** Frees the map's tensors. */
export function disposeMap(map: PlaneMap): void {
  map.tensors.forEach((tensor) => tensor.dispose());
}

/**
 * Applies a map to every channel of every image. Differentiable, except for `gather` maps.
 *
 * @param x [batch, height, width, channels]
 * @returns the same shape
 * @throws TypeError if the image's size differs from the map's
 */
export function applyMap(x: tf.Tensor4D, map: PlaneMap): tf.Tensor4D {
  checkSize(x, map);
  return tf.tidy(() => {
    const [first, second, indices, weights] = map.tensors;
    if (map.kind === "shears") return applyShears(x, map);
    if (map.kind === "dense") return applyDense(x, first as tf.Tensor2D);
    const [batch, height, width, channels] = x.shape;
    const rest = batch * channels;
    const filtered = applySeparable(x, first as tf.Tensor2D, second as tf.Tensor2D);
    if (map.kind === "separable") return fromPlanes(filtered, x.shape);
    const planes = filtered.reshape([height * width, rest]);
    const sum = weightedTaps(planes, indices as tf.Tensor1D, weights as tf.Tensor3D);
    return fromPlanes(sum.reshape([height, width, batch, channels]), x.shape);
  });
}

/**
 * Undoes a map of the kind `shears`, exactly: such a map is orthogonal.
 *
 * @param x [batch, height, width, channels]
 * @returns the same shape
 * @throws TypeError if the image's size differs from the map's, or the map has another kind
 */
export function applyInverse(x: tf.Tensor4D, map: PlaneMap): tf.Tensor4D {
  checkSize(x, map);
  if (map.kind !== "shears") throw new TypeError(`a map of the kind ${map.kind} has no inverse`);
  return tf.tidy(() => {
    const [batch, height, width, channels] = x.shape;
    const [_, targets, first, second, third] = map.tensors as ShearTensors;
    const rows = tf.matMul(third, byRow(x), true);
    const columns = tf.matMul(second, rows.transpose([1, 0, 2]), true);
    const sheared: tf.Tensor3D = tf.matMul(first, columns.transpose([1, 0, 2]), true);
    const turned = permuted(sheared, targets);
    return fromPlanes(turned.reshape([height, width, batch, channels]), x.shape);
  });
}

function checkSize(x: tf.Tensor4D, map: PlaneMap): void {
  if (x.rank !== 4 || x.shape[1] !== map.height || x.shape[2] !== map.width) {
    throw new TypeError(
      `the map is for [batch, ${map.height}, ${map.width}, channels], got [${x.shape.join(", ")}]`,
    );
  }
}

type ShearTensors = [
  sources: tf.Tensor1D,
  targets: tf.Tensor1D,
  first: tf.Tensor3D,
  second: tf.Tensor3D,
  third: tf.Tensor3D,
];

function applyShears(x: tf.Tensor4D, map: PlaneMap): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const [sources, _, first, second, third] = map.tensors as ShearTensors;
  const rows = tf.matMul(first, permuted(byRow(x), sources));
  const columns = tf.matMul(second, rows.transpose([1, 0, 2]));
  const sheared = tf.matMul(third, columns.transpose([1, 0, 2]));
  return fromPlanes(sheared.reshape([height, width, batch, channels]), x.shape);
}

/** [height, width, batch * channels], so that a batch of products treats each row by itself. */
function byRow(x: tf.Tensor4D): tf.Tensor3D {
  const [batch, height, width, channels] = x.shape;
  return x.transpose([1, 2, 0, 3]).reshape([height, width, batch * channels]);
}

/** The pixels of [height, width, rest] in another order. */
function permuted(planes: tf.Tensor3D, indices: tf.Tensor1D): tf.Tensor3D {
  const [height, width, rest] = planes.shape;
  const pixels = planes.reshape([height * width, rest]);
  return tf.gatherND(pixels, indices.expandDims(1)).reshape(planes.shape);
}

function applyDense(x: tf.Tensor4D, matrix: tf.Tensor2D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const pixels = height * width;
  if (channels === 1) {
    return x.reshape([batch, pixels]).matMul(matrix).reshape(x.shape) as tf.Tensor4D;
  }
  const rows = x.reshape([batch, pixels, channels]).transpose([0, 2, 1]).reshape([
    batch * channels,
    pixels,
  ]);
  return rows.matMul(matrix).reshape([batch, channels, pixels]).transpose([0, 2, 1]).reshape(
    x.shape,
  ) as tf.Tensor4D;
}

/** Filters [batch, height, width, channels] and returns [height, width, batch, channels]. */
function applySeparable(
  x: tf.Tensor4D,
  alongHeight: tf.Tensor2D,
  alongWidth: tf.Tensor2D,
): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const wide = alongWidth.matMul(
    x.transpose([2, 1, 0, 3]).reshape([width, height * batch * channels]) as tf.Tensor2D,
  );
  const turned = wide.reshape([width, height, batch, channels]).transpose([1, 0, 2, 3]);
  const high = alongHeight.matMul(
    turned.reshape([height, width * batch * channels]) as tf.Tensor2D,
  );
  return high.reshape([height, width, batch, channels]);
}

function fromPlanes(planes: tf.Tensor, shape: [number, number, number, number]): tf.Tensor4D {
  return planes.transpose([2, 0, 1, 3]).reshape(shape) as tf.Tensor4D;
}

/** Adds one tap at a time. All of them at once would take sixteen times the image's memory. */
function weightedTaps(planes: tf.Tensor, indices: tf.Tensor1D, weights: tf.Tensor3D): tf.Tensor {
  const taps = tf.split(indices, 16);
  const tapWeights = tf.unstack(weights);
  let sum: tf.Tensor | null = null;
  taps.forEach((tap, i) => {
    // tf.gather cannot be used: its TensorFlow kernel reads the indices, so it cannot be recorded.
    const term = tf.gatherND(planes, tap.expandDims(1)).mul(tapWeights[i]!);
    sum = sum === null ? term : tf.add(sum, term);
  });
  return sum!;
}
