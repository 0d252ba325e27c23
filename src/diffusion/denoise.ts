/**
 * One sampling step as a function of tensors, the same for every sampler. An engine's `jit` records
 * it.
 */
import * as tf from "@tensorflow/tfjs";
import { inBatchParts } from "../../kernels/shared/batch_parts.ts";
import { applyInverse, applyMap, type PlaneMap } from "../../kernels/rotate/mod.ts";
import { randomNormal } from "../../kernels/random_normal/mod.ts";
import { rank1, rank4 } from "../../kernels/shared/ranks.ts";
import type { MotionName, NoiseName, StepMaps } from "./motion.ts";
import type { NoisePredictor } from "./noising.ts";
import type { SamplingStep } from "./steps.ts";

/** What is the same for all steps and is frozen when the step is recorded. */
export interface DenoiseOptions {
  /** The network's `apply`. */
  predict: NoisePredictor;
  /** Whether to clip the predicted image to [-1, 1]. */
  clip: boolean;
  /** The weight of classifier-free guidance; null for none. */
  guidance: number | null;
  /** What the step's noise does while the image moves. Default: `fixed`. */
  noise?: NoiseName | undefined;
  /** Whether the network sees the state moved back. Default: false. See `SamplerOptions`. */
  isUpright?: boolean | undefined;
}

/** What changes from step to step. */
export interface DenoiseInputs {
  /** The state, [batch, height, width, channels]. */
  x: tf.Tensor4D;
  /** The state as the network sees it, if the state keeps its frame; otherwise it sees `x`. */
  seen?: tf.Tensor4D;
  /** The step's coefficients, from {@link stepNumbers}. */
  numbers: tf.Tensor1D;
  /** The previous predicted image, if the sampler uses one. */
  previous?: tf.Tensor4D;
  /** Key and counter of the step's noise, if the sampler draws noise. */
  random?: { key: tf.Tensor1D; counter: tf.Tensor1D };
  /** Classes, int32 [batch]; -1 for no class. */
  label?: tf.Tensor1D;
  /** How the image moves. Default: not at all. */
  maps?: StepMaps;
}

/** The result of a step. */
export interface Denoised {
  /** The next state. */
  x: tf.Tensor4D;
  /** The predicted image, in the frame of `x`. */
  predicted: tf.Tensor4D;
  /** The next state as the network will see it, if the state keeps its frame. */
  seen?: tf.Tensor4D;
}

/** A step's coefficients as the tensor that {@link denoise} takes: seven float32 numbers. */
export function stepNumbers(step: SamplingStep): tf.Tensor1D {
  const { timestep, imageFromState, imageFromNoise, state, predicted, previous, noise } = step;
  return tf.tensor1d(
    [timestep, imageFromState, imageFromNoise, state, predicted, previous, noise],
    "float32",
  );
}

/**
 * Takes one step: predicts the noise, computes the predicted image from it, combines them (see
 * {@link SamplingStep}), and moves the result. The predicted image is moved as well, because the
 * next step needs it aligned with the state.
 */
export function denoise(
  options: DenoiseOptions,
  { x, seen = x, numbers, previous, random, label, maps = { after: [] } }: DenoiseInputs,
): Denoised {
  const { clip, noise = "fixed" } = options;
  // `stepNumbers` makes seven numbers.
  const [timestep, imageFromState, imageFromNoise, state, weight, previousWeight, sigma] = tf
    .unstack(numbers) as [
      tf.Scalar,
      tf.Scalar,
      tf.Scalar,
      tf.Scalar,
      tf.Scalar,
      tf.Scalar,
      tf.Scalar,
    ];
  const { after, reached, next: upcoming } = maps;
  const predictedNoise = movedPrediction(options, { x, seen, maps }, timestep, label);
  let predicted: tf.Tensor4D = x.mul(imageFromState).add(predictedNoise.mul(imageFromNoise));
  if (clip) predicted = tf.clipByValue(predicted, -1, 1);
  let next: tf.Tensor4D = x.mul(state).add(predicted.mul(weight));
  if (previous) next = next.add(previous.mul(previousWeight));
  if (random) {
    const drawn = randomNormal<tf.Rank.R4>(x.shape, random.key, random.counter);
    const way = noiseWays[noise][upcoming ? "frame" : "state"];
    next = next.add((reached ? way(drawn, reached) : drawn).mul(sigma));
  }
  for (const map of after) {
    next = moved(next, map);
    if (previous) predicted = moved(predicted, map);
  }
  return { x: next, predicted, ...(upcoming ? { seen: moved(next, upcoming) } : {}) };
}

/** The network's noise prediction in the frame of `x`, for what the network sees. */
function movedPrediction(
  { predict, guidance, isUpright = false }: DenoiseOptions,
  { x, seen, maps: { reached, next } }: { x: tf.Tensor4D; seen: tf.Tensor4D; maps: StepMaps },
  timestep: tf.Scalar,
  label: tf.Tensor1D | undefined,
): tf.Tensor4D {
  const predicted = (image: tf.Tensor4D) => guidedNoise(predict, image, timestep, label, guidance);
  if (!reached) return predicted(seen);
  const keepsFrame = next !== undefined;
  if (isUpright) {
    return keepsFrame ? predicted(x) : moved(predicted(movedBack(x, reached)), reached);
  }
  return keepsFrame ? movedBack(predicted(seen), reached) : predicted(seen);
}

type NoiseWay = (noise: tf.Tensor4D, reached: PlaneMap) => tf.Tensor4D;

/**
 * What happens to a step's noise, given the motion reached before the step. `fixed` noise is drawn
 * where the moved image is, as published; `carried` noise moves with the image. A state that keeps
 * its frame needs it the other way around. A name without an entry does not compile.
 */
export const noiseWays: Record<NoiseName, Record<MotionName, NoiseWay>> = {
  "fixed": { "state": (noise) => noise, "frame": movedBack },
  "carried": { "state": moved, "frame": (noise) => noise },
};

/**
 * A rotation is one large product. Each thread computes it for its own part of the batch, as it
 * does for the network.
 */
function moved(x: tf.Tensor4D, map: PlaneMap): tf.Tensor4D {
  return inBatchParts<[tf.Tensor4D]>(x, [], (part) => [applyMap(part, map)])[0];
}

function movedBack(x: tf.Tensor4D, map: PlaneMap): tf.Tensor4D {
  return inBatchParts<[tf.Tensor4D]>(x, [], (part) => [applyInverse(part, map)])[0];
}

/**
 * The network's noise prediction. With guidance weight w, it is (1 - w) times the prediction
 * without a class plus w times the prediction with the class, computed together in one batch.
 *
 * Source: Ho and Salimans, arXiv 2207.12598, equation 6, whose w + 1 is our w.
 */
function guidedNoise(
  predict: NoisePredictor,
  x: tf.Tensor4D,
  timestep: tf.Scalar,
  label: tf.Tensor1D | undefined,
  guidance: number | null,
): tf.Tensor4D {
  const batch = x.shape[0];
  const timesteps = (count: number) => rank1(tf.ones([count]).mul(timestep));
  if (!label || guidance === null || guidance === 1) return predict(x, timesteps(batch), label);
  const none = rank1(tf.fill([batch], -1, "int32"));
  const both = predict(tf.concat([x, x]), timesteps(2 * batch), tf.concat([label, none]));
  const [ofClass, ofNone] = tf.split(both, 2).map(rank4);
  return ofNone!.add(ofClass!.sub(ofNone!).mul(guidance));
}
