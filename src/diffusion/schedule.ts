/** The noise schedule: how much noise each timestep has. */
import type { ResolvedSpec } from "../spec/resolved.ts";

/**
 * A noise schedule over the timesteps 0 ... steps - 1. Sampling ends at timestep 0; training never
 * uses it.
 */
export interface NoiseSchedule {
  /** The variance that each timestep adds. */
  beta: Float64Array;
  /**
   * The fraction of the image's variance that is left at each timestep: the cumulative product of
   * 1 - beta.
   */
  alphaBar: Float64Array;
}

/** The largest beta of the cosine schedule. */
const cosineBetaLimit = 0.999;

/**
 * Creates a noise schedule.
 *
 * `linear`: beta runs from `start` to `end` (Ho et al., arXiv 2006.11239). `cosine`: alphaBar
 * follows cos^2((t / steps + s) / (1 + s) pi / 2) with s = 0.008, and beta is at most 0.999 (Nichol
 * and Dhariwal, arXiv 2102.09672, equation 17); `start` and `end` are ignored.
 *
 * @param noise as in the resolved spec
 * @throws RangeError if `steps` is below 2 or a beta is not between 0 and 1
 */
export function noiseSchedule(
  noise: ResolvedSpec["noise"],
): NoiseSchedule {
  const { steps, start, end, schedule } = noise;
  if (!Number.isInteger(steps) || steps < 2) {
    throw new RangeError(`noise.steps must be an integer from 2, got ${steps}`);
  }
  if (schedule === "linear" && !(start > 0 && start < 1 && end > 0 && end < 1)) {
    throw new RangeError(
      `noise.start and noise.end must lie between 0 and 1, got ${start} and ${end}`,
    );
  }
  const betaAt = schedules[schedule];
  const beta = Float64Array.from({ length: steps }, (_, t) => betaAt(t, noise));
  const alphaBar = new Float64Array(steps);
  beta.forEach((variance, t) => alphaBar[t] = (t === 0 ? 1 : alphaBar[t - 1]!) * (1 - variance));
  return { beta, alphaBar };
}

type Noise = ResolvedSpec["noise"];

/** The beta of each schedule at a timestep. A name without a formula does not compile. */
export const schedules: Record<Noise["schedule"], (t: number, noise: Noise) => number> = {
  "linear": (t, { steps, start, end }) => start + (end - start) * t / (steps - 1),
  "cosine": (t, { steps }) =>
    Math.min(1 - cosineSquared((t + 1) / steps) / cosineSquared(t / steps), cosineBetaLimit),
};

function cosineSquared(time: number): number {
  const offset = 0.008;
  return Math.cos((time + offset) / (1 + offset) * Math.PI / 2) ** 2;
}
