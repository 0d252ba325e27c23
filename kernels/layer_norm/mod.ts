/** Layer normalization over the last axis. */
import type * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import "./reference.ts";
import { rank2 } from "../shared/ranks.ts";
import { registerGradient, runKernel, runKernels } from "../shared/run_kernel.ts";

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
  return rank2(runKernel("LayerNorm", { x, scale, offset }));
}

registerGradient("LayerNorm", { inputs: ["x", "scale"] }, (dy, { x, scale }) => {
  const outputs = ["dx", "dscale", "doffset"] as const;
  const { dx, dscale, doffset } = runKernels("LayerNormGrad", { x, dy, scale }, outputs);
  return { x: () => dx, scale: () => dscale, offset: () => doffset };
});
