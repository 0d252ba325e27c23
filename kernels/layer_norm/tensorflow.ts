/** LayerNorm over the last axis on the engine `tensorflow`. */
import * as tf from "@tensorflow/tfjs";
import { epsilon } from "../shared/normalize.ts";
import { narrow, widen } from "../shared/precision.ts";
import { isTraced, operation, registerForm, tensorflowBackend } from "../shared/tensorflow_form.ts";

/**
 * oneDNN's LayerNorm, which reads the rows while they are in the cache. Only x86 builds have it,
 * and only for the CPU.
 */
const fused = "_MklLayerNorm";

/**
 * Whether {@link fusedLayerNorm} works for a tensor. It must belong to a traced function, because
 * operations that run on their own are looked up under another name.
 */
export function hasFusedLayerNorm(x: tf.Tensor): boolean {
  const { binding } = tensorflowBackend();
  return isTraced(x) && !binding.isUsingGpuDevice() && binding.hasKernel(fused);
}

/** LayerNorm of each row; scale and offset have one number per column. */
export function fusedLayerNorm(
  rows: tf.Tensor2D,
  scale: tf.Tensor,
  offset: tf.Tensor,
): tf.Tensor2D {
  return operation(fused, [rows, scale, offset], {
    T: { type: "float32" },
    epsilon: { float: epsilon },
  }) as tf.Tensor2D;
}

/** x - mean and 1 / sqrt(variance + epsilon) of each row. */
function centre(x: tf.Tensor2D): { centred: tf.Tensor2D; inverse: tf.Tensor2D } {
  const centred = tf.sub(x, tf.mean(x, 1, true)) as tf.Tensor2D;
  const variance = tf.mean(tf.square(centred), 1, true);
  return { centred, inverse: tf.rsqrt(tf.add(variance, epsilon)) as tf.Tensor2D };
}

/** Registers the kernels. */
export function register(): void {
  registerForm("LayerNorm", ({ x, scale, offset }) => {
    if (hasFusedLayerNorm(x)) return fusedLayerNorm(x, scale, offset);
    const { centred, inverse } = centre(widen(x));
    return narrow(tf.add(tf.mul(tf.mul(centred, inverse), scale), offset));
  });
  registerForm("LayerNormGrad", ({ x, dy: narrowDy, scale }) => {
    const dy = widen<tf.Tensor>(narrowDy);
    const { centred, inverse } = centre(widen(x));
    const xHat = tf.mul(centred, inverse);
    const g = tf.mul(dy, scale);
    const product = tf.mul(g, xHat);
    const inner = tf.sub(tf.sub(g, tf.mean(g, 1, true)), tf.mul(xHat, tf.mean(product, 1, true)));
    return [narrow(tf.mul(inner, inverse)), tf.sum(tf.mul(dy, xHat), 0), tf.sum(dy, 0)];
  });
}
