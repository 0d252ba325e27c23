/**
 * Filtered downsampling by two: a low-pass filter, then every second pixel, computed for the kept
 * pixels only.
 */
import * as tf from "@tensorflow/tfjs";
import { checkLowpass, checkTensor } from "../checks.ts";
import "./reference.ts";

/**
 * Halves height and width: correlates every channel with the low-pass kernel, zero padded, and
 * keeps the even rows and columns.
 *
 * Of an even kernel the odd row and column of padding lie below and to the right, as PyTorch's
 * `padding="same"` has it. Differentiable in `x`; no gradient with respect to `lowpass` is
 * provided.
 *
 * Source: arXiv 2411.09174, section on filtered resampling.
 *
 * @param x [batch, height, width, channels], odd sizes too
 * @param lowpass [taps, taps], 2 to 12 taps, finite: what NaN or infinity among them make of the
 *   padding depends on the engine
 * @returns [batch, ceil(height / 2), ceil(width / 2), channels]
 * @throws TypeError or RangeError where a shape does not fit
 */
export function filteredDownsample(x: tf.Tensor4D, lowpass: tf.Tensor2D): tf.Tensor4D {
  checkTensor("filteredDownsample", "x", x, [null, null, null, null]);
  checkLowpass("filteredDownsample", "lowpass", lowpass);
  // The gradient must know whether a size was odd; attributes are the only plain numbers that reach
  // it.
  const attrs = { height: x.shape[1], width: x.shape[2] };
  return tf.engine().runKernel("FilteredDownsample", { x, lowpass }, attrs) as tf.Tensor4D;
}

tf.registerGradient({
  kernelName: "FilteredDownsample",
  inputsToSave: ["lowpass"],
  gradFunc: (dy, [lowpass], attrs) => ({
    x: () =>
      tf.engine().runKernel(
        "FilteredDownsampleGrad",
        { dy: dy as tf.Tensor, lowpass: lowpass! },
        { height: attrs["height"]!, width: attrs["width"]! },
      ) as tf.Tensor,
  }),
});
