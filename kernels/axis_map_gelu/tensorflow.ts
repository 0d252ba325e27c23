/**
 * The alias-free GELU with separable filters on the engine `tensorflow`: matrix products, and GELU
 * in few passes. The scales of GELU are in the maps, which are small.
 */
import * as tf from "@tensorflow/tfjs";
import { batchMatMul } from "../axis_map/tensorflow.ts";
import { toChannelsFirst, toChannelsLast } from "../axis_map/products.ts";
import { fused } from "../shared/fuse.ts";
import { scaledGelu, scaledGeluSlope } from "../gelu/tensorflow.ts";
import { narrow, widen } from "../shared/precision.ts";
import { registerForm } from "../shared/tensorflow_form.ts";
import type { Inputs } from "./products.ts";

/** Both axes have the map's factor, so half of it, as a power, belongs to each. */
function scaled(map: tf.Tensor2D, factor: number): tf.Tensor2D {
  return tf.mul(map, Math.sqrt(factor));
}

/** sqrt 2 gelu(sqrt 2 w), or what is left of it without its linear half. */
function step(w: tf.Tensor, bypass: boolean): tf.Tensor {
  return bypass ? tf.mul(tf.erf(w), w) : scaledGelu(w);
}

function forward({ x, up, down }: Inputs, bypass: boolean): tf.Tensor {
  const doubled = toChannelsFirst(x, { map: scaled(up, Math.SQRT1_2) }, batchMatMul);
  const activated = fused(
    `AxisMapGelu ${bypass}`,
    [doubled],
    (w) => narrow(step(widen(w), bypass)),
  ) as tf.Tensor4D;
  const y = toChannelsLast(activated, { map: scaled(down, Math.SQRT1_2) }, batchMatMul);
  return bypass ? tf.add(tf.mul(x, 0.5), y) : y;
}

function backward(
  { x, dy, up, down }: Inputs & { dy: tf.Tensor4D },
  bypass: boolean,
): tf.Tensor {
  const doubled = toChannelsFirst(x, { map: scaled(up, Math.SQRT1_2) }, batchMatMul);
  const halfDown = { map: scaled(down, 0.5), transposed: true };
  const doubledDy = toChannelsFirst(dy, halfDown, batchMatMul);
  const product = fused(
    `AxisMapGeluGrad ${bypass}`,
    [doubled, doubledDy],
    (givenW, givenDy) => {
      const slope = scaledGeluSlope(widen(givenW));
      return narrow(tf.mul(bypass ? tf.sub(slope, 1) : slope, widen(givenDy)));
    },
  ) as tf.Tensor4D;
  const dx = toChannelsLast(product, { map: up, transposed: true }, batchMatMul);
  return bypass ? tf.add(tf.mul(dy, 0.5), dx) : dx;
}

/** Registers the kernels. */
export function register(): void {
  registerForm("AxisMapGelu", (inputs, { bypass }) => forward(inputs, bypass));
  registerForm("AxisMapGeluGrad", (inputs, { bypass }) => backward(inputs, bypass));
}
