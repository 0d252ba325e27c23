/** Rotates images about their centre with periodic cubic splines. */
import * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import { rotationCoordinates } from "./coordinates.ts";
import { applyMap, type PlaneMap } from "./map.ts";
import { splineFilter, splineRow, splineTaps } from "./spline.ts";

export { rotationCoordinates } from "./coordinates.ts";
export { applyInverse, applyMap, disposeMap, type PlaneMap } from "./map.ts";
export { inscribedDisc, type Motion, motionNumbers, moveEach } from "./each.ts";
export { movedImage } from "./resample.ts";
export { type Pose, rigidMap } from "./rigid.ts";

/**
 * Largest number of pixels per plane for which a rotation is one dense matrix. Beyond it, the
 * matrix costs more than the sixteen taps.
 */
const densePixels = 48 * 48;

/**
 * Rotates images counter-clockwise as displayed, keeping their size.
 *
 * Equal to scipy.ndimage.rotate(order=3, mode="grid-wrap", reshape=False) on height and width: the
 * image repeats beyond its border. Differentiable up to 48 x 48 pixels. Each call sets up the
 * matrix; to rotate often by the same angle, keep a {@link rotationMap}.
 *
 * @param x [batch, height, width, channels], float32
 * @param degrees any finite angle
 * @returns the same shape
 */
export function rotate(x: tf.Tensor4D, degrees: number): tf.Tensor4D {
  checkTensor("rotate", "x", x, [null, null, null, null]);
  return tf.tidy(() => applyMap(x, rotationMap([x.shape[1], x.shape[2]], degrees)));
}

/**
 * The rotation by a fixed angle as a linear map, for {@link applyMap}. The caller frees it with
 * `disposeMap`.
 *
 * @param size height and width in pixels
 * @param degrees counter-clockwise as displayed
 * @throws RangeError if the angle is not finite
 */
export function rotationMap([height, width]: [number, number], degrees: number): PlaneMap {
  const coordinates = rotationCoordinates([height, width], degrees);
  return height * width <= densePixels
    ? denseMap(height, width, coordinates)
    : gatherMap(height, width, coordinates);
}

/**
 * The rotation as one matrix. Each output pixel's weights are an outer product of one row of
 * weights along the height and one along the width.
 */
function denseMap(height: number, width: number, coordinates: Float64Array): PlaneMap {
  const pixels = height * width;
  const matrix = new Float32Array(pixels * pixels);
  const rowFilter = splineFilter(height);
  const columnFilter = splineFilter(width);
  for (let output = 0; output < pixels; output++) {
    const down = splineRow(coordinates[2 * output]!, rowFilter);
    const right = splineRow(coordinates[2 * output + 1]!, columnFilter);
    for (let row = 0, input = 0; row < height; row++) {
      for (let column = 0; column < width; column++, input++) {
        matrix[input * pixels + output] = down[row]! * right[column]!;
      }
    }
  }
  return {
    kind: "dense",
    height,
    width,
    tensors: [tf.tensor2d(matrix, [pixels, pixels], "float32")],
  };
}

function gatherMap(height: number, width: number, coordinates: Float64Array): PlaneMap {
  const pixels = height * width;
  const indices = new Int32Array(16 * pixels);
  const weights = new Float32Array(16 * pixels);
  for (let output = 0; output < pixels; output++) {
    const down = splineTaps(coordinates[2 * output]!, height);
    const right = splineTaps(coordinates[2 * output + 1]!, width);
    for (let tap = 0; tap < 16; tap++) {
      const i = tap >> 2;
      const j = tap & 3;
      indices[tap * pixels + output] = down.positions[i]! * width + right.positions[j]!;
      weights[tap * pixels + output] = down.weights[i]! * right.weights[j]!;
    }
  }
  return {
    kind: "gather",
    height,
    width,
    tensors: [
      circulant(splineFilter(height)),
      circulant(splineFilter(width)),
      tf.tensor1d(indices, "int32"),
      tf.tensor3d(weights, [16, pixels, 1], "float32"),
    ],
  };
}

function circulant(row: Float64Array): tf.Tensor2D {
  const n = row.length;
  const values = Float32Array.from(
    { length: n * n },
    (_, i) => row[(Math.floor(i / n) - i % n + n) % n]!,
  );
  return tf.tensor2d(values, [n, n], "float32");
}
