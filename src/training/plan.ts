/**
 * The length of a training, and its schedules: the learning rate and the decay of the weights'
 * average.
 */
import type { ResolvedSpec } from "../spec/resolved.ts";

type TrainingSpec = ResolvedSpec["training"];

/** The number of steps of a training. */
export interface TrainingPlan {
  /** Steps in a full epoch. The last batch may be smaller. */
  stepsPerEpoch: number;
  /** Steps in the whole training. */
  steps: number;
}

/** Plans a training on a dataset of `count` images. */
export function trainingPlan(
  { epochs, images, batchSize }: TrainingSpec,
  count: number,
): TrainingPlan {
  const stepsPerEpoch = Math.ceil(count / batchSize);
  const seen = images ?? Math.round(epochs! * count);
  const whole = Math.floor(seen / count);
  return {
    stepsPerEpoch,
    steps: Math.max(1, whole * stepsPerEpoch + Math.ceil((seen - whole * count) / batchSize)),
  };
}

/** The number of images seen in the first `steps` steps. Repeats count each time. */
export function imagesSeen(
  steps: number,
  { batchSize }: Pick<TrainingSpec, "batchSize">,
  count: number,
): number {
  const stepsPerEpoch = Math.ceil(count / batchSize);
  return Math.floor(steps / stepsPerEpoch) * count + steps % stepsPerEpoch * batchSize;
}

/**
 * The learning rate at a step: it rises over `warmupSteps`, stays constant, then falls to zero
 * (linearly, or along half a cosine) over the last `decayFraction` of the steps.
 *
 * @param step 0 ... steps - 1
 */
export function learningRateAt(step: number, steps: number, spec: TrainingSpec): number {
  const { learningRate, warmupSteps, decay, decayFraction } = spec;
  const rise = step < warmupSteps ? (step + 1) / warmupSteps : 1;
  const falling = Math.max(1, steps * (decayFraction ?? 1));
  return learningRate * rise * decays[decay](Math.min(1, (steps - step) / falling));
}

/**
 * The fraction of the learning rate that each kind of decay leaves, given the fraction of its steps
 * that remains. A name without a formula does not compile.
 */
export const decays: Record<TrainingSpec["decay"], (left: number) => number> = {
  "none": () => 1,
  "linear": (left) => left,
  "cosine": (left) => (1 - Math.cos(Math.PI * left)) / 2,
};

/**
 * The decay of the weights' average at a step. It starts low, so that the average soon forgets the
 * initial weights.
 *
 * @param step 0 ... steps - 1
 */
export function emaDecayAt(step: number, emaDecay: number): number {
  return Math.min(emaDecay, (1 + step) / (10 + step));
}
