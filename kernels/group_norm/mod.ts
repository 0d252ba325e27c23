/** Group normalization with one group: over height, width and channels of each image. */
import type * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import "./reference.ts";
import { rank4 } from "../shared/ranks.ts";
import { registerGradient, runKernel, runKernels } from "../shared/run_kernel.ts";

/**
 * (x - mean) / sqrt(variance + 1e-5) * scale + offset, with mean and (biased) variance over a whole
 * image, and scale and offset per channel. This is PyTorch's `GroupNorm(1, channels)`.
 * Differentiable with respect to all three.
 *
 * Source: Wu and He, arXiv 1803.08494.
 *
 * @param x [batch, height, width, channels]
 * @param scale [channels]
 * @param offset [channels]
 * @returns the shape of x
 */
export function groupNorm(x: tf.Tensor4D, scale: tf.Tensor1D, offset: tf.Tensor1D): tf.Tensor4D {
  checkTensor("groupNorm", "x", x, [null, null, null, null]);
  checkTensor("groupNorm", "scale", scale, [x.shape[3]]);
  checkTensor("groupNorm", "offset", offset, [x.shape[3]]);
  return rank4(runKernel("GroupNorm", { x, scale, offset }));
}

registerGradient("GroupNorm", { inputs: ["x", "scale"] }, (dy, { x, scale }) => {
  const outputs = ["dx", "dscale", "doffset"] as const;
  const { dx, dscale, doffset } = runKernels("GroupNormGrad", { x, dy, scale }, outputs);
  return { x: () => dx, scale: () => dscale, offset: () => doffset };
});
