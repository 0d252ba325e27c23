/**
 * A linear map of both axes of an image: separable filters and resampling, with whatever lies
 * beyond the border.
 */
import * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import "./reference.ts";

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
  return tf.engine().runKernel("MapAxes", { x, map }) as tf.Tensor4D;
}

tf.registerGradient({
  kernelName: "MapAxes",
  inputsToSave: ["map"],
  gradFunc: (dy, [map]) => ({
    x: () => tf.engine().runKernel("MapAxesGrad", { dy: dy as tf.Tensor, map: map! }) as tf.Tensor,
  }),
});
