/** The Gaussian error linear unit in its exact form. */
import type * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import "./reference.ts";
import { registerGradient, runKernel } from "../shared/run_kernel.ts";

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
  return runKernel("Gelu", { x }) as T; // The kernel keeps the shape, and so the type.
}

registerGradient("Gelu", { inputs: ["x"] }, (dy, { x }) => ({
  x: () => runKernel("GeluGrad", { x, dy }),
}));
