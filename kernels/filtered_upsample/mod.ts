/**
 * Filtered upsampling by two: zeros between the pixels, then a low-pass filter, computed without
 * the zeros.
 */
import * as tf from "@tensorflow/tfjs";
import { checkLowpass, checkTensor } from "../checks.ts";
import "./reference.ts";

/**
 * Doubles height and width: puts zeros behind each pixel and below each row, and correlates every
 * channel with the low-pass kernel, zero padded. No gain of 4 is applied; it belongs into `lowpass`
 * where it is wanted.
 *
 * Of an even kernel the odd row and column of padding lie below and to the right, as PyTorch's
 * `padding="same"` has it. Differentiable in `x`; no gradient with respect to `lowpass` is
 * provided.
 *
 * Source: arXiv 2411.09174, section on filtered resampling.
 *
 * @param x [batch, height, width, channels]
 * @param lowpass [taps, taps], 2 to 12 taps, finite: what NaN or infinity among them make of the
 *   padding depends on the engine
 * @returns [batch, 2 height, 2 width, channels]
 * @throws TypeError or RangeError where a shape does not fit
 */
export function filteredUpsample(x: tf.Tensor4D, lowpass: tf.Tensor2D): tf.Tensor4D {
  checkTensor("filteredUpsample", "x", x, [null, null, null, null]);
  checkLowpass("filteredUpsample", "lowpass", lowpass);
  return tf.engine().runKernel("FilteredUpsample", { x, lowpass }) as tf.Tensor4D;
}

tf.registerGradient({
  kernelName: "FilteredUpsample",
  inputsToSave: ["lowpass"],
  gradFunc: (dy, [lowpass]) => ({
    x: () =>
      tf.engine().runKernel("FilteredUpsampleGrad", {
        dy: dy as tf.Tensor,
        lowpass: lowpass!,
      }) as tf.Tensor,
  }),
});
