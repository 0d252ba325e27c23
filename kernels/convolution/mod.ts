/** A convolution of stride one that keeps an image's size, whatever lies beyond its border. */
import * as tf from "@tensorflow/tfjs";
import type { Padding } from "../../src/filters/mod.ts";
import { registerComposition } from "../shared/composition.ts";
import { extend } from "../extend/mod.ts";

/**
 * Correlates an image with a filter of odd size, as PyTorch's `conv2d` with stride one does for
 * `padding_mode` zeros, circular or reflect. Differentiable in both.
 *
 * @param x [batch, height, width, inputs]
 * @param filter [size, size, inputs, outputs], `size` odd
 * @returns [batch, height, width, outputs]
 */
export function convolve(x: tf.Tensor4D, filter: tf.Tensor4D, padding: Padding): tf.Tensor4D {
  const reach = (filter.shape[0] - 1) / 2;
  if (padding === "zero" || reach === 0) return tf.conv2d(x, filter, 1, "same");
  if (padding === "reflect") return tf.conv2d(extend(x, reach, padding), filter, 1, "valid");
  return circularConvolution(x, filter) as tf.Tensor4D;
}

/**
 * A periodic image's gradient is periodic too: it is the valid convolution of the extended dy with
 * the flipped filter. That is as much work as the convolution itself, while the gradient for the
 * extended image would be several times as much where images are small.
 */
const circularConvolution = tf.customGrad((image, filter, save) => {
  const x = image as tf.Tensor4D;
  const weights = filter as tf.Tensor4D;
  const reach = (weights.shape[0] - 1) / 2;
  const larger = extend(x, reach, "circular");
  (save as tf.GradSaveFunc)([larger, weights]);
  return {
    value: tf.conv2d(larger, weights, 1, "valid"),
    gradFunc: (dy: tf.Tensor, [larger, weights]: tf.Tensor[]) => [
      tf.engine().runKernel("ConvolutionInputGrad", {
        dy: extend(dy as tf.Tensor4D, reach, "circular"),
        filter: weights!,
      }) as tf.Tensor,
      tf.engine().runKernel(
        "Conv2DBackpropFilter",
        { x: larger!, dy },
        { strides: 1, pad: "valid", dataFormat: "NHWC", filterShape: weights!.shape },
      ) as tf.Tensor,
    ],
  };
});

// The valid convolution of dy with the flipped filter, in the form of a gradient: that of a
// convolution whose padding makes an image larger.
for (const engine of ["cpu", "webgpu"]) {
  registerComposition(engine, "ConvolutionInputGrad", ({ dy, filter }) => {
    const [size, , inputs] = filter.shape;
    const [batch, height, width] = dy.shape;
    const pad = size - 1;
    const inputShape = [batch, height - pad, width - pad, inputs];
    const attributes = { strides: 1, pad, dataFormat: "NHWC", inputShape };
    return tf.engine().runKernel("Conv2DBackpropInput", { dy, filter }, attributes) as tf.Tensor;
  });
}
