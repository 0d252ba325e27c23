/** Shifts images, also by fractions of a pixel, with periodic cubic splines. */
import * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import { applyMap, type PlaneMap } from "../rotate/map.ts";
import { splineFilter, splineRow } from "../rotate/spline.ts";

/**
 * Shifts images, keeping their size. What leaves on one side re-enters on the other.
 *
 * Equal to scipy.ndimage.shift(order=3, mode="grid-wrap") on height and width. Differentiable.
 *
 * @param x [batch, height, width, channels], float32
 * @param columns pixels to the right
 * @param rows pixels down
 * @returns the same shape
 */
export function shift(x: tf.Tensor4D, columns: number, rows: number): tf.Tensor4D {
  checkTensor("shift", "x", x, [null, null, null, null]);
  return tf.tidy(() => applyMap(x, shiftMap([x.shape[1], x.shape[2]], columns, rows)));
}

/**
 * The shift by a fixed amount as a linear map, for `applyMap` in kernels/rotate. The caller frees
 * it with `disposeMap`.
 *
 * @param size height and width in pixels
 * @param columns pixels to the right
 * @param rows pixels down
 * @throws RangeError if an amount is not finite
 */
export function shiftMap(
  [height, width]: [number, number],
  columns: number,
  rows: number,
): PlaneMap {
  if (!Number.isFinite(columns) || !Number.isFinite(rows)) {
    throw new RangeError(`shift: columns and rows must be finite, got ${columns} and ${rows}`);
  }
  return {
    kind: "separable",
    height,
    width,
    tensors: [shiftMatrix(height, rows), shiftMatrix(width, columns)],
  };
}

function shiftMatrix(length: number, pixels: number): tf.Tensor2D {
  const filter = splineFilter(length);
  const values = new Float32Array(length * length);
  for (let output = 0; output < length; output++) {
    values.set(splineRow(output - pixels, filter), output * length);
  }
  return tf.tensor2d(values, [length, length], "float32");
}
