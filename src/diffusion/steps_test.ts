import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertClose } from "../golden/golden.ts";
import { normalNumbers } from "../../kernels/random_normal/reference.ts";
import {
  type Component,
  mixtureCdf,
  mixtureNoise,
  mixtureQuantile,
  noisedMixture,
} from "./mixture.ts";
import { noiseSchedule } from "./schedule.ts";
import { type SamplingStep, samplingSteps, samplingTimesteps, type StepsSpec } from "./steps.ts";

const published = noiseSchedule({ steps: 1000, start: 1e-4, end: 0.02, schedule: "linear" });
/** The same noise in ten times as many timesteps, so that many step counts divide it finely. */
const fine = noiseSchedule({ steps: 10_000, start: 1e-5, end: 2e-3, schedule: "linear" });
const mixture: Component[] = [{ weight: 0.35, mean: -0.7, deviation: 0.2 }, {
  weight: 0.65,
  mean: 0.5,
  deviation: 0.3,
}];

const ancestral = (steps: number, variance: "beta" | "posterior" = "beta"): StepsSpec => ({
  sampler: "ancestral",
  steps,
  variance,
  eta: null,
});
const ddim = (steps: number, eta = 0): StepsSpec => ({
  sampler: "ddim",
  steps,
  eta,
  variance: null,
});
const dpmSolver = (steps: number): StepsSpec => ({
  sampler: "dpm-solver++",
  steps,
  eta: null,
  variance: null,
});

/** Runs one number through all steps with a perfect network. */
function sampleOne(
  steps: SamplingStep[],
  alphaBar: Float64Array,
  start: number,
  noise: ArrayLike<number>,
): number {
  let x = start;
  let last = 0;
  steps.forEach((step, k) => {
    const image = step.imageFromState * x +
      step.imageFromNoise * mixtureNoise(mixture, alphaBar[step.timestep]!, x);
    x = step.state * x + step.predicted * image + step.previous * last +
      step.noise * (noise[k] ?? 0);
    last = image;
  });
  return x;
}

/**
 * The average rate at which errors fall per doubling of the steps: 1 for half the error, 2 for a
 * quarter.
 */
const order = (errors: number[]) => Math.log2(errors[0]! / errors.at(-1)!) / (errors.length - 1);

Deno.test("timesteps go from the last to 0; all of them is 999, 998, ... 0", () => {
  assertEquals(samplingTimesteps(999, 1000), Array.from({ length: 1000 }, (_, k) => 999 - k));
  assertEquals(samplingTimesteps(1, 1000), [999, 0]);
  for (const steps of [2, 7, 50, 250, 998]) {
    const timesteps = samplingTimesteps(steps, 1000);
    assertEquals([timesteps[0], timesteps.at(-1), new Set(timesteps).size], [999, 0, steps + 1]);
  }
  assertThrows(() => samplingTimesteps(1000, 1000), RangeError, "from 1 to noise.steps - 1 = 999");
});

Deno.test("DDIM with eta 1 is the ancestral sampler with the posterior's variance", () => {
  for (const steps of [999, 20]) {
    const a = samplingSteps(ancestral(steps, "posterior"), published);
    const b = samplingSteps(ddim(steps, 1), published);
    a.forEach((step, k) =>
      assertClose(Object.values(b[k]!), Object.values(step), 1e-12, `step ${k}`)
    );
  }
});

for (const schedule of ["linear", "cosine"] as const) {
  Deno.test(`DDIM reaches the exact solution at order 1, DPM-Solver++ at order 2; ${schedule} schedule`, () => {
    const { alphaBar } = schedule === "linear"
      ? fine
      : noiseSchedule({ steps: 4000, start: 1, end: 1, schedule });
    const start = Float64Array.from({ length: 41 }, (_, i) => -2 + i / 10);
    const [first, last] = [alphaBar[0]!, alphaBar.at(-1)!].map((level) =>
      noisedMixture(mixture, level)
    );
    // The probability flow preserves the order of values, so it maps quantiles to quantiles.
    const exact = start.map((x) => mixtureQuantile(first!, mixtureCdf(last!, x)));
    function errors(spec: (steps: number) => StepsSpec): number[] {
      return [64, 128, 256, 512].map((count) => {
        const steps = samplingSteps(spec(count), { alphaBar, beta: alphaBar });
        const squares = start.map((x, i) => (sampleOne(steps, alphaBar, x, []) - exact[i]!) ** 2);
        return Math.sqrt(squares.reduce((a, b) => a + b) / start.length);
      });
    }
    const ofDdim = errors(ddim);
    const ofSolver = errors(dpmSolver);
    assert(Math.abs(order(ofDdim) - 1) < 0.1, `DDIM: ${order(ofDdim)}, ${ofDdim}`);
    assert(Math.abs(order(ofSolver) - 2) < 0.25, `DPM-Solver++: ${order(ofSolver)}, ${ofSolver}`);
    assert(ofSolver[1]! < ofDdim[3]!, "128 steps of second order beat 512 of first");
  });
}

Deno.test("the ancestral sampler's mean and variance reach a Gaussian's at order 1", () => {
  const data = { mean: 0.4, variance: 0.09 };
  const alphaBar = fine.alphaBar;
  const exact = {
    mean: Math.sqrt(alphaBar[0]!) * data.mean,
    variance: alphaBar[0]! * data.variance + 1 - alphaBar[0]!,
  };
  for (const variance of ["beta", "posterior"] as const) {
    const errors = [125, 250, 500, 1000, 2000].map((count) => {
      // A Gaussian's perfect noise is linear in the state, so a step maps moments exactly.
      let mean = 0;
      let spread = 1;
      for (const step of samplingSteps(ancestral(count, variance), fine)) {
        const now = alphaBar[step.timestep]!;
        const noised = now * data.variance + 1 - now;
        const slope = Math.sqrt(1 - now) / noised;
        const offset = -slope * Math.sqrt(now) * data.mean;
        const factor = step.state +
          step.predicted * (step.imageFromState + step.imageFromNoise * slope);
        mean = factor * mean + step.predicted * step.imageFromNoise * offset;
        spread = factor ** 2 * spread + step.noise ** 2;
      }
      return [Math.abs(mean - exact.mean), Math.abs(spread - exact.variance)] as const;
    });
    const ofSpread = order(errors.map(([_, spread]) => spread));
    assert(Math.abs(ofSpread - 1) < 0.15, `${variance}: order ${ofSpread}, errors ${errors}`);
    assert(errors.at(-1)![0] < 1e-3, `${variance}: mean ${errors.at(-1)}`);
  }
});

for (
  const [name, spec, count] of [
    ["ancestral as published", ancestral(999), 2000],
    ["ancestral in 500 steps, posterior variance", ancestral(500, "posterior"), 3000],
    ["DDIM with eta 0.5 in 100 steps", ddim(100, 0.5), 8000],
    ["DDIM in 100 steps", ddim(100), 8000],
    ["DPM-Solver++ in 60 steps", dpmSolver(60), 8000],
  ] as const
) {
  Deno.test(`${name}: the moments of a mixture of Gaussians`, () => {
    const steps = samplingSteps(spec, published);
    const power = [1, 2, 3, 4];
    const sums = power.map(() => 0);
    const squares = power.map(() => 0);
    for (let i = 0; i < count; i++) {
      const noise = normalNumbers(steps.length + 1, [7, 99], [0, 0, i, 0]);
      const x = sampleOne(steps, published.alphaBar, noise[steps.length]!, noise);
      power.forEach((p, k) => {
        sums[k] = sums[k]! + x ** p;
        squares[k] = squares[k]! + x ** (2 * p);
      });
    }
    const target = noisedMixture(mixture, published.alphaBar[0]!);
    const moments = [0, 1, 2, 3].map((k) =>
      target.reduce((sum, { weight, mean: m, deviation: s }) =>
        sum +
        weight *
          [
            m,
            m ** 2 + s ** 2,
            m ** 3 + 3 * m * s ** 2,
            m ** 4 + 6 * m ** 2 * s ** 2 + 3 * s ** 4,
          ][k]!, 0)
    );
    moments.forEach((moment, k) => {
      const mean = sums[k]! / count;
      const error = Math.sqrt((squares[k]! / count - mean ** 2) / count);
      // Four standard errors, plus the error of a finite number of steps.
      assert(
        Math.abs(mean - moment) < 4 * error + 0.01,
        `moment ${k + 1}: ${mean} for ${moment}, error ${error}`,
      );
    });
  });
}
