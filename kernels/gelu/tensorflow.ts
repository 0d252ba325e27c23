/**
 * Exact GELU on the engine `tensorflow`, in few passes. With w = x / sqrt 2:
 *
 *     gelu(x) = (w + w erf(w)) / sqrt 2
 *     gelu'(x) = (1 + erf(w) + (2 / sqrt pi) w / exp(w^2)) / 2
 */
import * as tf from "@tensorflow/tfjs";
import { fused } from "../shared/fuse.ts";
import { narrow, widen } from "../shared/precision.ts";
import { registerForm } from "../shared/tensorflow_form.ts";

/** sqrt 2 gelu(sqrt 2 w): what remains of GELU if the surrounding operations absorb its scales. */
export function scaledGelu(w: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(tf.erf(w), w), w);
}

/** 2 gelu'(sqrt 2 w). */
export function scaledGeluSlope(w: tf.Tensor): tf.Tensor {
  // w / exp(w^2) takes one pass less than w exp(-w^2).
  const bell = tf.mul(tf.div(w, tf.exp(tf.square(w))), 2 / Math.sqrt(Math.PI));
  return tf.add(tf.add(bell, tf.erf(w)), 1);
}

/** Registers the kernels. */
export function register(): void {
  registerForm("Gelu", ({ x }) =>
    fused("Gelu", [x], (given) => {
      const x = widen(given);
      return narrow(tf.mul(scaledGelu(tf.mul(x, Math.SQRT1_2)), Math.SQRT1_2));
    }));
  registerForm("GeluGrad", ({ x, dy }) =>
    fused("GeluGrad", [x, dy], (givenX, givenDy) => {
      const [x, dy] = [widen(givenX), widen(givenDy)];
      return narrow(tf.mul(tf.mul(scaledGeluSlope(tf.mul(x, Math.SQRT1_2)), dy), 0.5));
    }));
}
