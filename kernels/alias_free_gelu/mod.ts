/**
 * GELU on the doubled image between two low-pass filters, so that what it adds above the Nyquist
 * frequency is cut.
 */
import * as tf from "@tensorflow/tfjs";
import { checkLowpass, checkTensor } from "../checks.ts";
import "./reference.ts";

/** The low-pass kernels of {@link aliasFreeGelu}, and the GroupNorm between them. */
export interface AliasFreeGeluOptions {
  /** Filter of the upsampling, [taps, taps]; a gain multiplies it. */
  up: tf.Tensor2D;
  /** Filter of the downsampling, [taps, taps]. */
  down: tf.Tensor2D;
  /**
   * `normInside`: GroupNorm with one group on the doubled image in front of GELU; [channels] each.
   */
  norm?: { scale: tf.Tensor1D; offset: tf.Tensor1D };
}

/**
 * Filtered upsampling, exact GELU, filtered downsampling; with `norm` a GroupNorm (one group,
 * epsilon 1e-5) on the doubled image in front of GELU. One kernel, so that an engine need not keep
 * the doubled image.
 *
 * Differentiable in `x`, `scale` and `offset`; no gradient with respect to the low-pass kernels is
 * provided.
 *
 * Source: arXiv 2411.09174, architectures C and D; the idea: Karras et al., arXiv 2106.12423,
 * section 2.
 *
 * @param x [batch, height, width, channels]
 * @returns the same shape
 * @throws TypeError or RangeError where a shape does not fit
 */
export function aliasFreeGelu(
  x: tf.Tensor4D,
  { up, down, norm }: AliasFreeGeluOptions,
): tf.Tensor4D {
  checkTensor("aliasFreeGelu", "x", x, [null, null, null, null]);
  checkLowpass("aliasFreeGelu", "up", up);
  checkLowpass("aliasFreeGelu", "down", down);
  if (!norm) return tf.engine().runKernel("AliasFreeGelu", { x, up, down }) as tf.Tensor4D;
  const { scale, offset } = norm;
  checkTensor("aliasFreeGelu", "norm.scale", scale, [x.shape[3]]);
  checkTensor("aliasFreeGelu", "norm.offset", offset, [x.shape[3]]);
  // The second output, the doubled images' mean and 1 / deviation [batch, 2], is for the gradient
  // alone.
  const [y] = tf.engine().runKernel("AliasFreeNormGelu", {
    x,
    up,
    down,
    scale,
    offset,
  }) as tf.Tensor[];
  return y as tf.Tensor4D;
}

tf.registerGradient({
  kernelName: "AliasFreeGelu",
  inputsToSave: ["x", "up", "down"],
  gradFunc: (dy, [x, up, down]) => ({
    x: () =>
      tf.engine().runKernel("AliasFreeGeluGrad", {
        x: x!,
        dy: dy as tf.Tensor,
        up: up!,
        down: down!,
      }) as tf.Tensor,
  }),
});

tf.registerGradient({
  kernelName: "AliasFreeNormGelu",
  inputsToSave: ["x", "up", "down", "scale", "offset"],
  outputsToSave: [false, true],
  gradFunc: (dy, [x, up, down, scale, offset, statistics]) => {
    const [dx, dscale, doffset] = tf.engine().runKernel("AliasFreeNormGeluGrad", {
      x: x!,
      dy: (dy as tf.Tensor[])[0]!,
      up: up!,
      down: down!,
      scale: scale!,
      offset: offset!,
      statistics: statistics!,
    }) as tf.Tensor[];
    return { x: () => dx!, scale: () => dscale!, offset: () => doffset! };
  },
});
