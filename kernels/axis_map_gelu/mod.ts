/**
 * The alias-free GELU with separable filters: GELU on an enlarged image, between two maps of its
 * axes.
 */
import type * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import "./reference.ts";
import { rank4 } from "../shared/ranks.ts";
import { registerGradient, runKernel } from "../shared/run_kernel.ts";

/** The maps of {@link axisMapGelu}. */
export interface AxisMapGeluOptions {
  /** The upsampling, [larger, size]. */
  up: tf.Tensor2D;
  /** The downsampling, [size, larger]. */
  down: tf.Tensor2D;
  /**
   * Whether what the maps remove goes around the nonlinearity: y + (x - down(up(x))) / 2. The half
   * is GELU's own: gelu(x) is x / 2 and an even function, and only the latter makes new
   * frequencies.
   */
  bypass?: boolean;
}

/**
 * Maps an image's axes, applies exact GELU, and maps them back. Differentiable with respect to `x`,
 * but not the maps.
 *
 * Source: Karras et al., arXiv 2106.12423, section 2.
 *
 * @param x [batch, size, size, channels]
 * @returns the same shape
 * @throws TypeError or RangeError if a shape does not fit
 */
export function axisMapGelu(
  x: tf.Tensor4D,
  { up, down, bypass = false }: AxisMapGeluOptions,
): tf.Tensor4D {
  checkTensor("axisMapGelu", "up", up, [null, null]);
  const [larger, size] = up.shape;
  checkTensor("axisMapGelu", "down", down, [size, larger]);
  checkTensor("axisMapGelu", "x", x, [null, size, size, null]);
  return rank4(runKernel("AxisMapGelu", { x, up, down }, { bypass }));
}

registerGradient("AxisMapGelu", { inputs: ["x", "up", "down"] }, (dy, { x, up, down }, attrs) => ({
  x: () => runKernel("AxisMapGeluGrad", { x, dy, up, down }, attrs),
}));
