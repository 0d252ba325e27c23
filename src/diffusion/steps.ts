/**
 * Describes a sampler as a list of steps. Each step is a few numbers: the papers' formulas
 * evaluated at given timesteps.
 */
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { NoiseSchedule } from "./schedule.ts";
import { elementOf } from "../collections/elements.ts";

/**
 * One step of any sampler. Given the noise that the network predicts:
 *
 *     predicted = imageFromState * x + imageFromNoise * predictedNoise   (clipped if `clip` is set)
 *     x         = state * x + predicted * predicted + previous * previousPredicted + noise * z
 *
 * `previousPredicted` is the predicted image of the previous step, and z is standard normal.
 */
export interface SamplingStep {
  /** The timestep whose noise level the state has. */
  timestep: number;
  /** The timestep whose noise level the next state has. */
  nextTimestep: number;
  /** 1 / sqrt(alphaBar). */
  imageFromState: number;
  /** -sqrt(1 - alphaBar) / sqrt(alphaBar). */
  imageFromNoise: number;
  /** Weight of the state in the next state. */
  state: number;
  /** Weight of the predicted image. */
  predicted: number;
  /** Weight of the previous step's predicted image; only DPM-Solver++ uses it. */
  previous: number;
  /** Standard deviation of the added noise; 0 in the last step. */
  noise: number;
}

/** The parts of the resolved spec that determine the steps. */
export type StepsSpec = Pick<ResolvedSpec["sampling"], "sampler" | "steps" | "eta" | "variance">;

/** `steps` + 1 evenly spaced timesteps, from the last one of the schedule down to 0. */
export function samplingTimesteps(steps: number, noiseSteps: number): number[] {
  if (!Number.isInteger(steps) || steps < 1 || steps > noiseSteps - 1) {
    throw new RangeError(
      `sampling.steps must be an integer from 1 to noise.steps - 1 = ${
        noiseSteps - 1
      }, got ${steps}`,
    );
  }
  return Array.from(
    { length: steps + 1 },
    (_, k) => Math.round((noiseSteps - 1) * (steps - k) / steps),
  );
}

/**
 * The steps of a sampler, first to last. As published, they end at timestep 0, whose small noise
 * remains.
 *
 * - `ancestral`: Ho et al., arXiv 2006.11239, Algorithm 2. With fewer steps than timesteps it is
 *   strided as in Nichol and Dhariwal, arXiv 2102.09672, section 4. The variance `beta` is the
 *   step's own beta; `posterior` is the variance of equation 7 of the former paper.
 * - `ddim`: Song et al., arXiv 2010.02502, equations 12 and 16. With eta 0 it is deterministic.
 * - `dpm-solver++`: the second-order multistep DPM-Solver++ (2M), Lu et al., arXiv 2211.01095,
 *   Algorithm 2. The last step is first-order, as in the authors' code: it crosses the widest range
 *   of noise, where extrapolation costs more than it gains. One such step does not change the
 *   overall order.
 *
 * @throws RangeError if there are more steps than timesteps
 */
export function samplingSteps(spec: StepsSpec, { alphaBar }: NoiseSchedule): SamplingStep[] {
  const timesteps = samplingTimesteps(spec.steps, alphaBar.length);
  const levels = [...alphaBar];
  return timesteps.slice(1).map((nextTimestep, k) => {
    const timestep = elementOf(timesteps, k);
    const levelAt = (timestep: number) => elementOf(levels, timestep);
    const now = levelAt(timestep);
    const next = levelAt(nextTimestep);
    const before = k === 0 ? null : levelAt(elementOf(timesteps, k - 1));
    const isLast = k === spec.steps - 1;
    const weights = samplers[spec.sampler]({ before: isLast ? null : before, now, next }, spec);
    return {
      timestep,
      nextTimestep,
      imageFromState: 1 / Math.sqrt(now),
      imageFromNoise: -Math.sqrt(1 - now) / Math.sqrt(now),
      ...weights,
      noise: isLast ? 0 : weights.noise,
    };
  });
}

type Weights = Pick<SamplingStep, "state" | "predicted" | "previous" | "noise">;

/**
 * AlphaBar at the previous step's timestep, at this step's, and at the next. `before` is null in
 * the first and the last step.
 */
interface Levels {
  before: number | null;
  now: number;
  next: number;
}

/** The step of each sampler. A sampler in the spec without an entry here does not compile. */
export const samplers: Record<StepsSpec["sampler"], (at: Levels, spec: StepsSpec) => Weights> = {
  "ancestral": ({ now, next }, { variance }) => ancestral(now, next, variance ?? "beta"),
  "ddim": ({ now, next }, { eta }) => ddim(now, next, eta ?? 0),
  "dpm-solver++": ({ before, now, next }) => dpmSolver(before, now, next),
};

type Variance = NonNullable<StepsSpec["variance"]>;

/** The variance of an ancestral step, given the step's own beta. */
export const variances: Record<Variance, (beta: number, now: number, next: number) => number> = {
  "beta": (beta) => beta,
  "posterior": (beta, now, next) => beta * (1 - next) / (1 - now),
};

function ancestral(now: number, next: number, variance: Variance): Weights {
  const alpha = now / next;
  const beta = 1 - alpha;
  return {
    state: Math.sqrt(alpha) * (1 - next) / (1 - now),
    predicted: Math.sqrt(next) * beta / (1 - now),
    previous: 0,
    noise: Math.sqrt(variances[variance](beta, now, next)),
  };
}

function ddim(now: number, next: number, eta: number): Weights {
  const noise = eta * Math.sqrt((1 - next) / (1 - now) * (1 - now / next));
  // The kept part of the noise has the direction of the predicted noise:
  // (x - sqrt(now) image) / sqrt(1 - now).
  const kept = Math.sqrt(1 - next - noise ** 2) / Math.sqrt(1 - now);
  return { state: kept, predicted: Math.sqrt(next) - kept * Math.sqrt(now), previous: 0, noise };
}

function dpmSolver(before: number | null, now: number, next: number): Weights {
  const h = halfLogSignalToNoise(next) - halfLogSignalToNoise(now);
  const weight = -Math.sqrt(next) * Math.expm1(-h);
  // 1 / (2 r), where r is the previous step's h over this step's h. If `before` is null, the step
  // is first-order.
  const extrapolated = before === null
    ? 0
    : h / (2 * (halfLogSignalToNoise(now) - halfLogSignalToNoise(before)));
  return {
    state: Math.sqrt((1 - next) / (1 - now)),
    predicted: weight * (1 + extrapolated),
    previous: -weight * extrapolated,
    noise: 0,
  };
}

/** Lambda in the DPM-Solver papers. */
function halfLogSignalToNoise(alphaBar: number): number {
  return Math.log(alphaBar / (1 - alphaBar)) / 2;
}
