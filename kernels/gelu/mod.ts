/** The Gaussian error linear unit in its exact form. */
import * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import "./reference.ts";

/**
 * Exact GELU: x * (1 + erf(x / sqrt 2)) / 2, elementwise. This is not the tanh approximation. Minus
 * infinity gives NaN, as in the formula.
 *
 * Source: Hendrycks and Gimpel, arXiv 1606.08415.
 *
 * @param x any shape, float32
 * @returns the same shape
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  checkTensor("gelu", "x", x, x.shape);
  return tf.engine().runKernel("Gelu", { x }) as tf.Tensor as T;
}

tf.registerGradient({
  kernelName: "Gelu",
  inputsToSave: ["x"],
  gradFunc: (dy, [x]) => ({
    x: () => tf.engine().runKernel("GeluGrad", { x: x!, dy: dy as tf.Tensor }) as tf.Tensor,
  }),
});
