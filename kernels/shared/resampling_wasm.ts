/**
 * Filtered resampling with tfjs's operations. Downsampling is a depthwise convolution with stride
 * 2. Upsampling is four depthwise convolutions, one for each parity of row and column, so the zeros
 * between the pixels are never multiplied.
 */
import * as tf from "@tensorflow/tfjs";
import { padding } from "./taps.ts";

type Weights = readonly (readonly number[])[];

/** A list of taps along one axis, and the zero padding that its convolution needs on both sides. */
interface AxisTaps {
  /** Index of each tap in the low-pass kernel; null stands for a zero. */
  taps: (number | null)[];
  before: number;
  after: number;
}

/**
 * The taps that meet pixels, rather than the zeros between them, at output positions of one parity.
 */
function phaseTaps(parity: 0 | 1, taps: number): AxisTaps {
  const shift = padding(taps) - parity;
  const first = Math.min(0, Math.ceil(-shift / 2));
  const last = Math.max(0, Math.floor((taps - 1 - shift) / 2));
  const indices = Array.from({ length: last - first + 1 }, (_, i) => shift + 2 * (first + i));
  return {
    taps: indices.map((index) => index >= 0 && index < taps ? index : null),
    before: -first,
    after: last,
  };
}

function valuesOf(lowpass: tf.Tensor2D): Weights {
  return lowpass.arraySync();
}

function convolve(
  x: tf.Tensor4D,
  weights: Weights,
  [rows, columns]: [AxisTaps, AxisTaps],
  stride: 1 | 2,
): tf.Tensor4D {
  const channels = x.shape[3];
  const values = rows.taps.flatMap((row) =>
    columns.taps.flatMap((column) =>
      new Array<number>(channels).fill(
        row === null || column === null ? 0 : weights[row]?.[column] ?? 0,
      )
    )
  );
  const filter = tf.tensor4d(values, [rows.taps.length, columns.taps.length, channels, 1]);
  // Pad explicitly: at the border, the backend's own convolution reads a NaN as a number.
  const padded = tf.pad(x, [[0, 0], [rows.before, rows.after], [columns.before, columns.after], [
    0,
    0,
  ]]);
  return tf.depthwiseConv2d(padded, filter, stride, "valid");
}

/** Filtered upsampling of [batch, height, width, channels]. */
export function upsample(x: tf.Tensor4D, lowpass: tf.Tensor2D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const weights = valuesOf(lowpass);
  const [even, odd] = ([0, 1] as const).map((parity) => phaseTaps(parity, lowpass.shape[0])) as [
    AxisTaps,
    AxisTaps,
  ];
  const rows = [even, odd].map((row) => {
    const columns = [even, odd].map((column) => convolve(x, weights, [row, column], 1));
    return tf.stack(columns, 3).reshape([batch, height, 2 * width, channels]);
  });
  return tf.stack(rows, 2).reshape([batch, 2 * height, 2 * width, channels]);
}

/** Filtered downsampling of [batch, height, width, channels]. */
export function downsample(x: tf.Tensor4D, lowpass: tf.Tensor2D): tf.Tensor4D {
  const [, height, width] = x.shape;
  const taps = lowpass.shape[0];
  const along = (length: number): AxisTaps => ({
    taps: Array.from({ length: taps }, (_, tap) => tap),
    before: padding(taps),
    after: taps - 2 - padding(taps) + length % 2,
  });
  return convolve(x, valuesOf(lowpass), [along(height), along(width)], 2);
}
