/**
 * GELU on a doubled image between two low-pass filters, so that the frequencies it adds above the
 * Nyquist frequency are removed.
 */
import type * as tf from "@tensorflow/tfjs";
import { checkLowpass, checkTensor } from "../shared/checks.ts";
import "./reference.ts";
import { rank4 } from "../shared/ranks.ts";
import { registerGradient, runKernel, runKernels } from "../shared/run_kernel.ts";

/** The low-pass kernels of {@link aliasFreeGelu}, and the optional GroupNorm between them. */
export interface AliasFreeGeluOptions {
  /** Upsampling filter, [taps, taps]; it includes the gain, if any. */
  up: tf.Tensor2D;
  /** Downsampling filter, [taps, taps]. */
  down: tf.Tensor2D;
  /**
   * `normInside`: a GroupNorm with one group on the doubled image, just before GELU. Both are
   * [channels].
   */
  norm?: { scale: tf.Tensor1D; offset: tf.Tensor1D };
}

/**
 * Filtered upsampling, exact GELU, filtered downsampling. With `norm`, a GroupNorm (one group,
 * epsilon 1e-5) is applied to the doubled image just before GELU. This is a single kernel, so an
 * engine need not store the doubled image.
 *
 * Differentiable with respect to `x`, `scale` and `offset`, but not the low-pass kernels.
 *
 * Source: arXiv 2411.09174, architectures C and D; the idea: Karras et al., arXiv 2106.12423,
 * section 2.
 *
 * @param x [batch, height, width, channels]
 * @returns the same shape
 * @throws TypeError or RangeError if a shape does not fit
 */
export function aliasFreeGelu(
  x: tf.Tensor4D,
  { up, down, norm }: AliasFreeGeluOptions,
): tf.Tensor4D {
  checkTensor("aliasFreeGelu", "x", x, [null, null, null, null]);
  checkLowpass("aliasFreeGelu", "up", up);
  checkLowpass("aliasFreeGelu", "down", down);
  if (!norm) return rank4(runKernel("AliasFreeGelu", { x, up, down }));
  const { scale, offset } = norm;
  checkTensor("aliasFreeGelu", "norm.scale", scale, [x.shape[3]]);
  checkTensor("aliasFreeGelu", "norm.offset", offset, [x.shape[3]]);
  // The second output, mean and 1 / deviation of the doubled images [batch, 2], is used by the
  // gradient only.
  const inputs = { x, up, down, scale, offset };
  return rank4(runKernels("AliasFreeNormGelu", inputs, ["y", "statistics"]).y);
}

registerGradient("AliasFreeGelu", { inputs: ["x", "up", "down"] }, (dy, { x, up, down }) => ({
  x: () => runKernel("AliasFreeGeluGrad", { x, dy, up, down }),
}));

registerGradient(
  "AliasFreeNormGelu",
  { inputs: ["x", "up", "down", "scale", "offset"], outputs: [null, "statistics"] },
  (dy, { x, up, down, scale, offset, statistics }) => {
    const { dx, dscale, doffset } = runKernels(
      "AliasFreeNormGeluGrad",
      { x, dy, up, down, scale, offset, statistics },
      ["dx", "dscale", "doffset"],
    );
    return { x: () => dx, scale: () => dscale, offset: () => doffset };
  },
);
