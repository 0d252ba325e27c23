/**
 * GELU between two maps of the axes as matrix products. With a bypass the filters see only the even
 * part of GELU, gelu(w) - w / 2, and x / 2 is added to what they leave: by linearity the same as
 * adding half of what they remove, and no more work.
 */
import * as tf from "@tensorflow/tfjs";
import { matMul, toChannelsFirst, toChannelsLast } from "../axis_map/products.ts";

/** The inputs of the kernel. */
export interface Inputs {
  x: tf.Tensor4D;
  up: tf.Tensor2D;
  down: tf.Tensor2D;
}

/** The forward pass, by the engine's own GELU. */
export function forward({ x, up, down }: Inputs, bypass: boolean): tf.Tensor {
  const doubled = toChannelsFirst(x, { map: up }, matMul);
  const whole: tf.Tensor4D = tf.engine().runKernel("Gelu", { x: doubled });
  if (!bypass) return toChannelsLast(whole, { map: down }, matMul);
  const even: tf.Tensor4D = tf.sub(whole, tf.mul(doubled, 0.5));
  return tf.add(tf.mul(x, 0.5), toChannelsLast(even, { map: down }, matMul));
}

/** The gradient for x. */
export function backward(
  { x, dy, up, down }: Inputs & { dy: tf.Tensor4D },
  bypass: boolean,
): tf.Tensor {
  const doubled = toChannelsFirst(x, { map: up }, matMul);
  const doubledDy = toChannelsFirst(dy, { map: down, transposed: true }, matMul);
  const whole: tf.Tensor4D = tf.engine().runKernel("GeluGrad", { x: doubled, dy: doubledDy });
  const back = { map: up, transposed: true };
  if (!bypass) return toChannelsLast(whole, back, matMul);
  const even: tf.Tensor4D = tf.sub(whole, tf.mul(doubledDy, 0.5));
  return tf.add(tf.mul(dy, 0.5), toChannelsLast(even, back, matMul));
}
