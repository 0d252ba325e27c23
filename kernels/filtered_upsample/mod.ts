/**
 * Filtered upsampling by two: zeros between the pixels, then a low-pass filter. It is computed
 * without the zeros.
 */
import type * as tf from "@tensorflow/tfjs";
import { checkLowpass, checkTensor } from "../shared/checks.ts";
import "./reference.ts";
import { rank4 } from "../shared/ranks.ts";
import { registerGradient, runKernel } from "../shared/run_kernel.ts";

/**
 * Doubles height and width: inserts zeros after each pixel and below each row, and correlates every
 * channel, zero-padded, with the low-pass kernel. No gain of 4 is applied; include it in `lowpass`
 * if needed.
 *
 * For an even kernel, the extra row and column of padding are below and to the right, as in
 * PyTorch's `padding="same"`. Differentiable with respect to `x`, but not `lowpass`.
 *
 * Source: arXiv 2411.09174, section on filtered resampling.
 *
 * @param x [batch, height, width, channels]
 * @param lowpass [taps, taps], 2 to 12 taps, finite; with NaN or infinity, the result at the
 *   padding depends on the engine
 * @returns [batch, 2 height, 2 width, channels]
 * @throws TypeError or RangeError if a shape does not fit
 */
export function filteredUpsample(x: tf.Tensor4D, lowpass: tf.Tensor2D): tf.Tensor4D {
  checkTensor("filteredUpsample", "x", x, [null, null, null, null]);
  checkLowpass("filteredUpsample", "lowpass", lowpass);
  return rank4(runKernel("FilteredUpsample", { x, lowpass }));
}

registerGradient("FilteredUpsample", { inputs: ["lowpass"] }, (dy, { lowpass }) => ({
  x: () => runKernel("FilteredUpsampleGrad", { dy, lowpass }),
}));
