/** What the sampler's tests draw: numbers from a mixture, whose noise is known exactly. */
import { openEngine } from "../engines/mod.ts";
import { mixturePredictor } from "./mixture.ts";
import type { SamplerOptions } from "./sampler.ts";
import { noiseSchedule } from "./schedule.ts";

/** The reference engine. */
export const engine = await openEngine("cpu");

/** The published schedule. */
export const schedule = noiseSchedule({ steps: 1000, start: 1e-4, end: 0.02, schedule: "linear" });

/** What the numbers are drawn from. */
export const mixture = [{ weight: 0.35, mean: -0.7, deviation: 0.2 }, {
  weight: 0.65,
  mean: 0.5,
  deviation: 0.3,
}];

/** A network that knows the mixture. */
export const predict = mixturePredictor(mixture, schedule);

/** Height, width and channels. */
export const imageShape: [number, number, number] = [8, 8, 1];

/** Numbers in an image. */
export const pixels = 64;

/** A resolved spec's section. */
export const sampling: SamplerOptions["sampling"] = {
  sampler: "ancestral",
  steps: 12,
  eta: null,
  variance: "beta",
  clip: false,
  batchSize: 4,
  guidance: null,
  labels: null,
  shift: { columns: 0, rows: 0, rule: "spread" },
};

/** Options with that section. */
export const options: SamplerOptions = {
  engine,
  predict,
  imageShape,
  sampling,
  classes: null,
  schedule,
  seed: 5,
};

/** The options with a changed section. */
export const changed = (change: Partial<SamplerOptions["sampling"]>) => ({
  ...options,
  sampling: { ...sampling, ...change },
});

/** The timesteps of evenly spaced steps, from 999 to 0. */
export const evenly = (steps: number) =>
  Array.from({ length: steps + 1 }, (_, k) => Math.round(999 * (steps - k) / steps));
