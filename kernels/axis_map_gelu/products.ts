/**
 * GELU between two maps of the axes as matrix products, around an engine's own elementwise steps.
 * With a bypass the filters see only the even part of GELU, gelu(w) - w / 2, and x / 2 is added to
 * what they leave: by linearity the same as adding half of what they remove, and no more work.
 */
import * as tf from "@tensorflow/tfjs";
import { matMul, toChannelsFirst, toChannelsLast } from "../axis_map/products.ts";

/** The inputs of the kernel. */
export interface Inputs {
  x: tf.Tensor4D;
  up: tf.Tensor2D;
  down: tf.Tensor2D;
}

/** The forward pass; `step` is GELU or its even part. */
export function forward(
  { x, up, down }: Inputs,
  bypass: boolean,
  step: (w: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor {
  const doubled = step(toChannelsFirst(x, { map: up }, matMul));
  const y = toChannelsLast(doubled, { map: down }, matMul);
  return bypass ? tf.add(tf.mul(x, 0.5), y) : y;
}

/** The gradient for x; `step` is dy times the slope of GELU or of its even part. */
export function backward(
  { x, dy, up, down }: Inputs & { dy: tf.Tensor4D },
  bypass: boolean,
  step: (w: tf.Tensor4D, dy: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor {
  const doubled = toChannelsFirst(x, { map: up }, matMul);
  const doubledDy = toChannelsFirst(dy, { map: down, transposed: true }, matMul);
  const dx = toChannelsLast(step(doubled, doubledDy), { map: up, transposed: true }, matMul);
  return bypass ? tf.add(tf.mul(dy, 0.5), dx) : dx;
}
