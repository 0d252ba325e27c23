/**
 * Shifting and turning images with periodic cubic splines, in loops on the processor: for images on
 * their way to an engine, a few at a time, each by its own amount. Numbers only; the reference says
 * the same more plainly.
 */
import type { Motion } from "./each.ts";

/** The pole of the cubic B-spline's inverse filter. */
const pole = Math.sqrt(3) - 2;

/**
 * A square image, shifted first, then turned about its centre. The image repeats beyond its border.
 *
 * Equal to scipy.ndimage.affine_transform(order=3, mode="grid-wrap") on height and width.
 *
 * @param image size * size * channels values, in row-major order
 * @returns as many values
 */
export function movedImage(
  image: ArrayLike<number>,
  size: number,
  channels: number,
  { columns, rows, degrees }: Motion,
): Float64Array {
  const coefficients = splineImage(image, size, channels);
  const moved = new Float64Array(coefficients.length);
  const radians = degrees * Math.PI / 180;
  const cosine = Math.cos(radians);
  const sine = Math.sin(radians);
  const centre = (size - 1) / 2;
  const [down, right] = [taps(), taps()];
  for (let row = 0, output = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [y, x] = [row - centre, column - centre];
      setTaps(down, cosine * y + sine * x + centre - rows, size);
      setTaps(right, cosine * x - sine * y + centre - columns, size);
      for (let channel = 0; channel < channels; channel++, output++) {
        let sum = 0;
        for (let i = 0; i < 4; i++) {
          const start = down.positions[i]! * size;
          let line = 0;
          for (let j = 0; j < 4; j++) {
            const at = (start + right.positions[j]!) * channels + channel;
            line += right.weights[j]! * coefficients[at]!;
          }
          sum += down.weights[i]! * line;
        }
        moved[output] = sum;
      }
    }
  }
  return moved;
}

interface Taps {
  positions: Int32Array;
  weights: Float64Array;
}

const taps = (): Taps => ({ positions: new Int32Array(4), weights: new Float64Array(4) });

/** Puts the four taps of a coordinate, as `splineTaps` has them, into arrays that are used again. */
function setTaps({ positions, weights }: Taps, coordinate: number, length: number): void {
  const first = Math.floor(coordinate);
  const u = coordinate - first;
  const v = 1 - u;
  weights[0] = v * v * v / 6;
  weights[1] = 2 / 3 - u * u * (1 - u / 2);
  weights[2] = 2 / 3 - v * v * (1 - v / 2);
  weights[3] = u * u * u / 6;
  const start = ((first - 1) % length + length) % length;
  for (let i = 0; i < 4; i++) positions[i] = (start + i) % length;
}

/** The coefficients of the spline through an image's pixels. */
function splineImage(image: ArrayLike<number>, size: number, channels: number): Float64Array {
  const values = Float64Array.from(image);
  const line = new Float64Array(size);
  const stride = size * channels;
  for (let i = 0; i < size; i++) {
    for (let channel = 0; channel < channels; channel++) {
      filterLine(values, i * stride + channel, channels, line);
    }
  }
  for (let i = 0; i < stride; i++) filterLine(values, i, stride, line);
  return values;
}

/**
 * Pixels to B-spline coefficients along a periodic line, in place: a recursion forward and one
 * backward, each begun with its sum over the whole circle.
 *
 * Source: Unser, "Splines: a perfect fit for signal and image processing" (1999), box 2.
 */
function filterLine(
  values: Float64Array,
  start: number,
  stride: number,
  line: Float64Array,
): void {
  const length = line.length;
  const circle = 1 - pole ** length;
  let last = 0;
  for (let i = 1; i < length; i++) last = values[start + i * stride]! + pole * last;
  // `last` is now the sum of what lies behind pixel 0, once around.
  last = (values[start]! + pole * last) / circle;
  line[0] = last;
  for (let i = 1; i < length; i++) line[i] = last = values[start + i * stride]! + pole * last;
  last = 0;
  for (let i = length - 2; i >= 0; i--) last = line[i]! + pole * last;
  last = -6 * pole * (line[length - 1]! + pole * last) / circle;
  values[start + (length - 1) * stride] = last;
  for (let i = length - 2; i >= 0; i--) {
    last = pole * (last - 6 * line[i]!);
    values[start + i * stride] = last;
  }
}
