/**
 * Filtered resampling with TensorFlow's operations. Downsampling is a depthwise convolution with
 * stride 2, and upsampling is its transpose with the flipped filter. So neither inserts zeros nor
 * computes discarded pixels.
 */
import * as tf from "@tensorflow/tfjs";
import { type Attributes, operation } from "./tensorflow_form.ts";

function depthwiseAttributes(paddings: [number, number], rowsExtra = 0, columnsExtra = 0) {
  const [before, after] = paddings;
  return {
    T: { type: "float32" },
    strides: { int: [1, 2, 2, 1] },
    padding: { string: "EXPLICIT" },
    explicit_paddings: {
      int: [0, 0, before, after + rowsExtra, before, after + columnsExtra, 0, 0],
    },
    data_format: { string: "NHWC" },
  } satisfies Attributes;
}

/** The low-pass kernel repeated for each channel, [taps, taps, channels, 1]. */
function eachChannel(lowpass: tf.Tensor2D, channels: number): tf.Tensor4D {
  const taps = lowpass.shape[0];
  return tf.tile(lowpass.reshape([taps, taps, 1, 1]), [1, 1, channels, 1]) as tf.Tensor4D;
}

/**
 * Zeros to add before the first and after the last pixel so that a convolution with stride 2
 * performs the downsampling.
 */
function downPaddings(taps: number): [number, number] {
  const before = Math.floor((taps - 1) / 2);
  return [before, taps - 2 - before];
}

/** The same for the convolution whose transpose performs the upsampling. */
function upPaddings(taps: number): [number, number] {
  const before = Math.ceil((taps - 1) / 2);
  return [before, Math.max(0, taps - 2 - before)];
}

function convolve(x: tf.Tensor4D, lowpass: tf.Tensor2D, paddings: [number, number]): tf.Tensor4D {
  const [, height, width, channels] = x.shape;
  const attributes = depthwiseAttributes(paddings, height % 2, width % 2);
  return operation(
    "DepthwiseConv2dNative",
    [x, eachChannel(lowpass, channels)],
    attributes,
  ) as tf.Tensor4D;
}

function transpose(
  x: tf.Tensor4D,
  lowpass: tf.Tensor2D,
  [height, width]: [number, number],
  paddings: [number, number],
): tf.Tensor4D {
  const [batch, , , channels] = x.shape;
  return operation(
    "DepthwiseConv2dNativeBackpropInput",
    [tf.tensor1d([batch, height, width, channels], "int32"), eachChannel(lowpass, channels), x],
    depthwiseAttributes(paddings, height % 2, width % 2),
  ) as tf.Tensor4D;
}

/** The filter rotated by half a turn, as a transpose needs it. */
export function flip(lowpass: tf.Tensor2D): tf.Tensor2D {
  return lowpass.reverse();
}

/** Filtered downsampling of [batch, height, width, channels]. */
export function downsample(x: tf.Tensor4D, lowpass: tf.Tensor2D): tf.Tensor4D {
  return convolve(x, lowpass, downPaddings(lowpass.shape[0]));
}

/** The transpose of {@link downsample}, for an image of the given size. */
export function downsampleTransposed(
  dy: tf.Tensor4D,
  lowpass: tf.Tensor2D,
  size: [number, number],
): tf.Tensor4D {
  return transpose(dy, lowpass, size, downPaddings(lowpass.shape[0]));
}

/** Filtered upsampling of [batch, height, width, channels]. */
export function upsample(x: tf.Tensor4D, lowpass: tf.Tensor2D): tf.Tensor4D {
  const [, height, width] = x.shape;
  return transpose(x, flip(lowpass), [2 * height, 2 * width], upPaddings(lowpass.shape[0]));
}

/** The transpose of {@link upsample}. */
export function upsampleTransposed(dy: tf.Tensor4D, lowpass: tf.Tensor2D): tf.Tensor4D {
  return convolve(dy, flip(lowpass), upPaddings(lowpass.shape[0]));
}
