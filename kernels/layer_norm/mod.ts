/** Layer normalization over the last axis. */
import * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import "./reference.ts";

/**
 * (x - mean) / sqrt(variance + 1e-5) * scale + offset, with mean and (biased) variance of each row.
 * This is PyTorch's `LayerNorm([channels])`. Differentiable with respect to all three.
 *
 * Source: Ba, Kiros and Hinton, arXiv 1607.06450.
 *
 * @param x [rows, channels]
 * @param scale [channels]
 * @param offset [channels]
 * @returns the shape of x
 */
export function layerNorm(x: tf.Tensor2D, scale: tf.Tensor1D, offset: tf.Tensor1D): tf.Tensor2D {
  checkTensor("layerNorm", "x", x, [null, null]);
  checkTensor("layerNorm", "scale", scale, [x.shape[1]]);
  checkTensor("layerNorm", "offset", offset, [x.shape[1]]);
  return tf.engine().runKernel("LayerNorm", { x, scale, offset }) as tf.Tensor2D;
}

tf.registerGradient({
  kernelName: "LayerNorm",
  inputsToSave: ["x", "scale"],
  gradFunc: (dy, [x, scale]) => {
    const [dx, dscale, doffset] = tf.engine().runKernel("LayerNormGrad", {
      x: x!,
      dy: dy as tf.Tensor,
      scale: scale!,
    }) as tf.Tensor[];
    return { x: () => dx!, scale: () => dscale!, offset: () => doffset! };
  },
});
