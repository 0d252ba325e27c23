/**
 * Turns and shifts that lose nothing: the map is an orthogonal matrix, so its transpose undoes it
 * exactly, and white noise stays white with the same variance. A spline does neither.
 *
 * A turn is a permutation of the pixels by quarter turns, and three shears for the rest, at most 45
 * degrees. A shear shifts each row or column by its own amount, and a shift multiplies each
 * frequency of the line by a phase. The image repeats beyond its border. The price: the corners of
 * the spectrum fold back in between, and what a shear pushes over the border comes in on the other
 * side. Both touch only the corners of the frame and the highest frequencies.
 *
 * Sources: Paeth, "A fast algorithm for general raster rotation" (1986), for the shears; Larkin,
 * Oldfield and Klemm, "Fast Fourier method for the accurate rotation of sampled images" (1997), for
 * shearing by phases.
 */
import * as tf from "@tensorflow/tfjs";
import { rotationCoordinates } from "./coordinates.ts";
import type { PlaneMap } from "./map.ts";

/** A turn about the centre, and a shift that follows it. */
export interface Pose {
  /** Counter-clockwise as displayed. */
  degrees: number;
  /** Pixels to the right. */
  columns: number;
  /** Pixels down. */
  rows: number;
}

/**
 * The turn and shift by fixed amounts as an orthogonal linear map, for `applyMap` and
 * `applyInverse`. Whole pixels and quarter turns are exact. The caller frees it with `disposeMap`.
 *
 * @param size height and width in pixels, equal if the turn is 45 degrees or more
 * @throws RangeError if an amount is not finite, or a plane that is not square is to turn so far
 */
export function rigidMap([height, width]: [number, number], pose: Pose): PlaneMap {
  const { degrees, columns, rows } = pose;
  if (![degrees, columns, rows].every(Number.isFinite)) {
    throw new RangeError(
      `rigidMap: degrees, columns and rows must be finite, got ${degrees}, ${columns}, ${rows}`,
    );
  }
  const quarters = Math.round(degrees / 90);
  if (height !== width && quarters % 2 !== 0) {
    throw new RangeError(`rigidMap: only a square plane turns by 45 degrees or more`);
  }
  const radians = (degrees - 90 * quarters) * Math.PI / 180;
  const slope = Math.tan(radians / 2);
  const sine = Math.sin(radians);
  const down = (row: number) => row - (height - 1) / 2;
  const right = (column: number) => column - (width - 1) / 2;
  return {
    kind: "shears",
    height,
    width,
    tensors: [
      ...quarterTurn([height, width], quarters),
      shiftMatrices(height, width, (row) => slope * down(row)),
      // The shift down comes before the last shear, which therefore counts its rows from there.
      shiftMatrices(width, height, (column) => rows - sine * right(column)),
      shiftMatrices(height, width, (row) => slope * (down(row) - rows) + columns),
    ],
  };
}

/** For each pixel of the turned image its index in the original, and the other way around. */
function quarterTurn([height, width]: [number, number], quarters: number): tf.Tensor1D[] {
  const coordinates = rotationCoordinates([height, width], 90 * quarters);
  const sources = Int32Array.from(
    { length: height * width },
    (_, i) => Math.round(coordinates[2 * i]!) * width + Math.round(coordinates[2 * i + 1]!),
  );
  const targets = new Int32Array(height * width);
  sources.forEach((source, i) => targets[source] = i);
  return [tf.tensor1d(sources, "int32"), tf.tensor1d(targets, "int32")];
}

/** For each of `lines` lines a matrix, output by input: [lines, length, length]. */
function shiftMatrices(
  lines: number,
  length: number,
  pixels: (line: number) => number,
): tf.Tensor3D {
  const values = new Float32Array(lines * length * length);
  for (let line = 0, i = 0; line < lines; line++) {
    const taps = shiftTaps(length, pixels(line));
    for (let output = 0; output < length; output++) {
      for (let input = 0; input < length; input++) {
        values[i++] = taps[(output - input + length) % length]!;
      }
    }
  }
  return tf.tensor3d(values, [lines, length, length], "float32");
}

/**
 * A periodic line that shifts an impulse by `pixels`: the phase of every frequency turns. Of the
 * highest frequency of an even length only the cosine is visible, so it keeps its size and takes the
 * sign of the nearest whole shift.
 */
export function shiftTaps(length: number, pixels: number): Float64Array {
  const even = length % 2 === 0;
  const sign = Math.round(pixels) % 2 === 0 ? 1 : -1;
  return Float64Array.from({ length }, (_, at) => {
    const highest = even ? (at % 2 === 0 ? sign : -sign) : 0;
    return (lowerFrequencies(at - pixels, even ? length - 1 : length, length) + highest) / length;
  });
}

/** The sum of cos(2 pi k x / length) over an odd number of frequencies k around 0. */
function lowerFrequencies(x: number, frequencies: number, length: number): number {
  const sine = Math.sin(Math.PI * x / length);
  return Math.abs(sine) < 1e-9 ? frequencies : Math.sin(Math.PI * frequencies * x / length) / sine;
}
