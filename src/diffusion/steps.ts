/**
 * A sampler as a list of steps, each a few numbers: what the papers' formulas come to for given
 * timesteps.
 */
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { NoiseSchedule } from "./schedule.ts";

/**
 * One step of any of the samplers. With the noise that the network predicts:
 *
 *     predicted = imageFromState * x + imageFromNoise * predictedNoise         (then clipped, where asked)
 *     x         = state * x + predicted * predicted + previous * previousPredicted + noise * z
 *
 * where `previousPredicted` is the last step's predicted image and z is standard normal.
 */
export interface SamplingStep {
  /** The timestep whose noise the state holds. */
  timestep: number;
  /** The timestep whose noise it holds afterwards. */
  nextTimestep: number;
  /** 1 / sqrt(alphaBar). */
  imageFromState: number;
  /** -sqrt(1 - alphaBar) / sqrt(alphaBar). */
  imageFromNoise: number;
  /** Weight of the state in the next one. */
  state: number;
  /** Weight of the predicted image. */
  predicted: number;
  /** Weight of the previous step's predicted image; only DPM-Solver++ has one. */
  previous: number;
  /** Standard deviation of the noise that is added; 0 in the last step. */
  noise: number;
}

/** What of the resolved spec decides the steps. */
export type StepsSpec = Pick<ResolvedSpec["sampling"], "sampler" | "steps" | "eta" | "variance">;

/**
 * The timesteps from the last one of the schedule down to 0, spread evenly: `steps` + 1 of them.
 */
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
 * The steps of a sampler, first to last. As published, they end at timestep 0, whose little noise
 * stays.
 *
 * - `ancestral`: Ho et al., arXiv 2006.11239, Algorithm 2; over fewer timesteps as Nichol and
 *   Dhariwal stride it, arXiv 2102.09672, section 4. Variance `beta` is the step's own, `posterior`
 *   that of equation 7 of the former.
 * - `ddim`: Song et al., arXiv 2010.02502, equations 12 and 16; eta 0 is deterministic.
 * - `dpm-solver++`: the multistep second-order DPM-Solver++ (2M), Lu et al., arXiv 2211.01095,
 *   Algorithm 2, its last step of first order as in its authors' code: that step crosses the widest
 *   range of noise, where to extrapolate costs more than it gains, and one such step leaves the
 *   order as it is.
 *
 * @throws RangeError where there are more steps than timesteps
 */
export function samplingSteps(spec: StepsSpec, { alphaBar }: NoiseSchedule): SamplingStep[] {
  const timesteps = samplingTimesteps(spec.steps, alphaBar.length);
  return timesteps.slice(1).map((nextTimestep, k) => {
    const timestep = timesteps[k]!;
    const now = alphaBar[timestep]!;
    const next = alphaBar[nextTimestep]!;
    const before = k === 0 ? null : alphaBar[timesteps[k - 1]!]!;
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

/** AlphaBar at the last step's timestep (null in the first and in the last one), now, and next. */
interface Levels {
  before: number | null;
  now: number;
  next: number;
}

/** A step of each sampler. One that joins the spec's names and has none here does not compile. */
export const samplers: Record<StepsSpec["sampler"], (at: Levels, spec: StepsSpec) => Weights> = {
  "ancestral": ({ now, next }, { variance }) => ancestral(now, next, variance ?? "beta"),
  "ddim": ({ now, next }, { eta }) => ddim(now, next, eta ?? 0),
  "dpm-solver++": ({ before, now, next }) => dpmSolver(before, now, next),
};

type Variance = NonNullable<StepsSpec["variance"]>;

/** The ancestral step's variance, by the beta of its own. */
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
  // The part of the noise that is kept points where the predicted noise does: (x - sqrt(now) image)
  // / sqrt(1 - now).
  const kept = Math.sqrt(1 - next - noise ** 2) / Math.sqrt(1 - now);
  return { state: kept, predicted: Math.sqrt(next) - kept * Math.sqrt(now), previous: 0, noise };
}

function dpmSolver(before: number | null, now: number, next: number): Weights {
  const h = halfLogSignalToNoise(next) - halfLogSignalToNoise(now);
  const weight = -Math.sqrt(next) * Math.expm1(-h);
  // 1 / (2 r) with r = the last step's h over this one's; without it, of first order.
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

/** Lambda of the DPM-Solver papers. */
function halfLogSignalToNoise(alphaBar: number): number {
  return Math.log(alphaBar / (1 - alphaBar)) / 2;
}
