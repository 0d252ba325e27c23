/**
 * Dropout in training: in each residual block, between its nonlinearity and its second convolution,
 * as in Ho et al. (arXiv 2006.11239, appendix B). Every mask is a function of the seed, the step,
 * the image and the layer, so any step can be drawn again.
 */
import * as tf from "@tensorflow/tfjs";
import { narrow } from "../../kernels/shared/precision.ts";
import { rank1, rank4 } from "../../kernels/shared/ranks.ts";
import { randomUniform } from "../../kernels/random_uniform/mod.ts";
import type { NetworkPlan } from "./plan.ts";

/** The factors for the values of each residual block, by the name of its step in the plan. */
export type DropoutMasks = ReadonlyMap<string, tf.Tensor4D>;

/** The residual blocks, and the shapes of the values that dropout acts on. */
function residualBlocks(plan: NetworkPlan) {
  return plan.steps.flatMap((step) =>
    step.layer === "double-convolution" && step.options.residual
      ? [{ name: step.name, shape: step.outputShape as [number, number, number] }]
      : []
  );
}

/**
 * The counters of the masks of one step, [blocks, 4] for an int32 tensor.
 *
 * @param at.step of the training
 * @param at.first index in the step's batch of the first image that the masks are for
 * @param at.pass which pass through the network, from 0: each has its own masks
 */
export function dropoutCounters(
  plan: NetworkPlan,
  at: { step: number; first: number; pass: number },
): Int32Array<ArrayBuffer> {
  const blocks = residualBlocks(plan);
  return Int32Array.from(blocks.flatMap(({ shape: [height, width, channels] }, i) => [
    at.first * height * width * channels / 4,
    at.pass * blocks.length + i,
    at.step,
    Math.floor(at.step / 2 ** 32),
  ]));
}

/**
 * Draws the masks of a batch: 0 with probability `rate`, else 1 / (1 - rate).
 *
 * @param batch number of images
 * @param rate 0 to below 1
 * @param key int32 [2]
 * @param counters from {@link dropoutCounters}, int32 [blocks, 4]
 */
export function dropoutMasks(
  plan: NetworkPlan,
  batch: number,
  rate: number,
  key: tf.Tensor1D,
  counters: tf.Tensor2D,
): DropoutMasks {
  const rows = tf.unstack(counters);
  return new Map(
    residualBlocks(plan).map(({ name, shape }, i) => {
      const numbers = randomUniform<tf.Rank.R4>([batch, ...shape], key, rank1(rows[i]));
      const kept = tf.cast(tf.greaterEqual(numbers, rate), "float32");
      return [name, rank4(tf.mul(kept, 1 / (1 - rate)))];
    }),
  );
}

/** Multiplies values by a mask, in their precision. Returns them unchanged without a mask. */
export function withDropout(y: tf.Tensor4D, mask: tf.Tensor4D | undefined): tf.Tensor4D {
  return mask ? tf.mul(y, narrow(mask)) : y;
}
