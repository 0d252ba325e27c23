/**
 * Filtered downsampling by two: a low-pass filter, then every second pixel. Only the kept pixels
 * are computed.
 */
import type * as tf from "@tensorflow/tfjs";
import { checkLowpass, checkTensor } from "../shared/checks.ts";
import "./reference.ts";
import { rank4 } from "../shared/ranks.ts";
import { registerGradient, runKernel } from "../shared/run_kernel.ts";

/**
 * Halves height and width: correlates every channel, zero-padded, with the low-pass kernel, and
 * keeps the even rows and columns.
 *
 * For an even kernel, the extra row and column of padding are below and to the right, as in
 * PyTorch's `padding="same"`. Differentiable with respect to `x`, but not `lowpass`.
 *
 * Source: arXiv 2411.09174, section on filtered resampling.
 *
 * @param x [batch, height, width, channels]; odd sizes are allowed
 * @param lowpass [taps, taps], 2 to 12 taps, finite; with NaN or infinity, the result at the
 *   padding depends on the engine
 * @returns [batch, ceil(height / 2), ceil(width / 2), channels]
 * @throws TypeError or RangeError if a shape does not fit
 */
export function filteredDownsample(x: tf.Tensor4D, lowpass: tf.Tensor2D): tf.Tensor4D {
  checkTensor("filteredDownsample", "x", x, [null, null, null, null]);
  checkLowpass("filteredDownsample", "lowpass", lowpass);
  // The gradient must know whether a size was odd. Attributes are the only plain numbers that reach
  // it.
  const attrs = { height: x.shape[1], width: x.shape[2] };
  return rank4(runKernel("FilteredDownsample", { x, lowpass }, attrs));
}

registerGradient("FilteredDownsample", { inputs: ["lowpass"] }, (dy, { lowpass }, attrs) => ({
  x: () => runKernel("FilteredDownsampleGrad", { dy, lowpass }, attrs),
}));
