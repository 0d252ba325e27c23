/**
 * How long a training is, and what changes in its course: learning rate, and the average's decay.
 */
import type { ResolvedSpec } from "../spec/resolved.ts";

type TrainingSpec = ResolvedSpec["training"];

/** The steps of a training. */
export interface TrainingPlan {
  /** Steps of a whole epoch; the last one's batch may be short. */
  stepsPerEpoch: number;
  /** Steps of the whole training. */
  steps: number;
}

/** The plan for a dataset of `count` images. */
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

/** Images that the first so many steps of a training see, each as often as it is seen. */
export function imagesSeen(
  steps: number,
  { batchSize }: Pick<TrainingSpec, "batchSize">,
  count: number,
): number {
  const stepsPerEpoch = Math.ceil(count / batchSize);
  return Math.floor(steps / stepsPerEpoch) * count + steps % stepsPerEpoch * batchSize;
}

/**
 * The learning rate of a step: a rise over `warmupSteps`, then constant, then a fall to zero
 * (linear, or half a cosine) over the last `decayFraction` of the steps.
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
 * The part of the learning rate that each kind of decay leaves, by the part of its steps that is
 * still to come. A name without its formula does not compile.
 */
export const decays: Record<TrainingSpec["decay"], (left: number) => number> = {
  "none": () => 1,
  "linear": (left) => left,
  "cosine": (left) => (1 - Math.cos(Math.PI * left)) / 2,
};

/**
 * The decay of the weights' average after a step: low at first, so that the average forgets the
 * first weights soon.
 *
 * @param step 0 ... steps - 1
 */
export function emaDecayAt(step: number, emaDecay: number): number {
  return Math.min(emaDecay, (1 + step) / (10 + step));
}
