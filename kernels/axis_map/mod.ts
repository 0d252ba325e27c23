/**
 * A linear map of both axes of an image: separable filters and resampling, with whatever lies
 * beyond the border.
 */
import type * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import "./reference.ts";
import { rank4 } from "../shared/ranks.ts";
import { registerGradient, runKernel } from "../shared/run_kernel.ts";

/**
 * Applies one matrix to the rows and to the columns of every channel: X becomes M X M^T.
 *
 * Differentiable with respect to `x`, but not `map`.
 *
 * @param x [batch, from, from, channels]
 * @param map [to, from]
 * @returns [batch, to, to, channels]
 * @throws TypeError or RangeError if a shape does not fit
 */
export function mapAxes(x: tf.Tensor4D, map: tf.Tensor2D): tf.Tensor4D {
  checkTensor("mapAxes", "map", map, [null, null]);
  checkTensor("mapAxes", "x", x, [null, map.shape[1], map.shape[1], null]);
  return rank4(runKernel("MapAxes", { x, map }));
}

registerGradient("MapAxes", { inputs: ["map"] }, (dy, { map }) => ({
  x: () => runKernel("MapAxesGrad", { dy, map }),
}));
