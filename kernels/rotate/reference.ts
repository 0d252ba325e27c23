/**
 * The reference for rotating and shifting, in float64 loops: the spline's coefficients by Unser's
 * recursion along each axis, then sixteen taps for each pixel.
 */
import { splineTaps } from "./spline.ts";

/**
 * Converts pixels to B-spline coefficients along one line of a periodic signal, with a causal and
 * an anticausal recursion.
 */
export function splineCoefficients(line: ArrayLike<number>): Float64Array {
  const n = line.length;
  const pole = Math.sqrt(3) - 2;
  const causal = new Float64Array(n);
  const result = new Float64Array(n);
  // Enough rounds of the circle for the recursion to forget its starting value.
  const turns = Math.ceil(60 / n) + 1;
  for (let i = 0, last = 0; i < turns * n; i++) causal[i % n] = last = line[i % n]! + pole * last;
  for (let i = turns * n - 1, last = 0; i >= 0; i--) {
    result[i % n] = last = pole * (last - 6 * causal[i % n]!);
  }
  return result;
}

/**
 * Samples images at other coordinates.
 *
 * @param x values in NHWC order
 * @param shape [batch, height, width, channels]
 * @param coordinates row and column for each output pixel
 */
export function resampleReference(
  x: ArrayLike<number>,
  [batch, height, width, channels]: [number, number, number, number],
  coordinates: Float64Array,
): Float64Array {
  const result = new Float64Array(batch * height * width * channels);
  for (let image = 0; image < batch; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const at = (row: number, column: number) =>
        ((image * height + row) * width + column) * channels + channel;
      const rows = Array.from(
        { length: height },
        (_, row) =>
          splineCoefficients(Array.from({ length: width }, (_, column) => x[at(row, column)]!)),
      );
      const columns = Array.from(
        { length: width },
        (_, column) => splineCoefficients(rows.map((row) => row[column]!)),
      );
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const pixel = 2 * (row * width + column);
          const down = splineTaps(coordinates[pixel]!, height);
          const right = splineTaps(coordinates[pixel + 1]!, width);
          let sum = 0;
          for (let i = 0; i < 4; i++) {
            for (let j = 0; j < 4; j++) {
              sum += down.weights[i]! * right.weights[j]! *
                columns[right.positions[j]!]![down.positions[i]!]!;
            }
          }
          result[at(row, column)] = sum;
        }
      }
    }
  }
  return result;
}
