// Compares the sampler with the papers' formulas and with the published code's step.
import * as tf from "@tensorflow/tfjs";
import { assertClose, goldenCases, type GoldenTensor } from "../golden/golden.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { normalNumbers } from "../../kernels/random_normal/reference.ts";
import { denoise, stepNumbers } from "./denoise.ts";
import { mixtureNoise } from "./mixture.ts";
import { sampleImages, type SamplerOptions } from "./sampler.ts";
import { samplingSteps } from "./steps.ts";
import { changed, evenly, mixture, pixels, schedule } from "./sampler_testing.ts";

for (const { case: name, params, tensors, tolerance } of goldenCases("ancestral_step")) {
  Deno.test(`${name}: the published step equals PyTorch's`, () => {
    const nhwc = ({ shape, data }: GoldenTensor) =>
      tf.tensor(Float32Array.from(data), shape).transpose([0, 2, 3, 1]) as tf.Tensor4D;
    const steps = samplingSteps(
      { sampler: "ancestral", steps: 999, variance: "beta", eta: null },
      schedule,
    );
    const step = steps.find(({ timestep }) => timestep === params.t)!;
    const result = denoise({
      predict: () => nhwc(tensors["predicted_noise"]!),
      clip: false,
      guidance: null,
    }, {
      x: nhwc(tensors["x"]!),
      numbers: stepNumbers(step),
    });
    const y = result.x.add(nhwc(tensors["noise"]!).mul(step.noise));
    assertClose(y.dataSync(), nhwc(tensors["y"]!).dataSync(), tolerance);
  });
}

/**
 * A paper's step for a single number. Arguments: state, predicted noise, predicted image, this and
 * the next alphaBar, noise, step.
 */
type PaperStep = (
  x: number,
  e: number,
  x0: number,
  now: number,
  next: number,
  z: number,
  k: number,
) => number;

/** Draws one image by a paper's formula in float64, with the same noise that the sampler draws. */
function byPaper(index: number, timesteps: number[], clip: boolean, step: PaperStep): number[] {
  const start = normalNumbers(pixels, philoxKey(5, "samplingStart"), [index * pixels / 4, 0, 0, 0]);
  let state = Array.from(start);
  timesteps.slice(1).forEach((nextTimestep, k) => {
    const now = schedule.alphaBar[timesteps[k]!]!;
    const next = schedule.alphaBar[nextTimestep]!;
    const noise = normalNumbers(pixels, philoxKey(5, "samplingStep"), [
      index * pixels / 4,
      0,
      k,
      0,
    ]);
    const last = nextTimestep === 0;
    state = state.map((x, i) => {
      let e = mixtureNoise(mixture, now, x);
      let x0 = (x - Math.sqrt(1 - now) * e) / Math.sqrt(now);
      if (clip) {
        x0 = Math.min(1, Math.max(-1, x0));
        e = (x - Math.sqrt(now) * x0) / Math.sqrt(1 - now);
      }
      return step(x, e, x0, now, next, last ? 0 : noise[i]!, k * pixels + i);
    });
  });
  return state;
}

const ddimOf = (eta: number): PaperStep => (_, e, x0, now, next, z) => {
  const sigma = eta * Math.sqrt((1 - next) / (1 - now)) * Math.sqrt(1 - now / next);
  return Math.sqrt(next) * x0 + Math.sqrt(1 - next - sigma ** 2) * e + sigma * z;
};

const ancestralOf = (variance: "beta" | "posterior"): PaperStep => (x, e, _, now, next, z) => {
  const alpha = now / next;
  const beta = 1 - alpha;
  const sigma = variance === "beta" ? Math.sqrt(beta) : Math.sqrt(beta * (1 - next) / (1 - now));
  return 1 / Math.sqrt(alpha) * (x - (1 - alpha) / Math.sqrt(1 - now) * e) + sigma * z;
};

/**
 * Algorithm 2 of DPM-Solver++, which uses the predicted image and the lambda of the previous step.
 */
function dpmSolverOf(steps: number): PaperStep {
  const images = new Map<number, number>();
  const lambda = (a: number) => Math.log(Math.sqrt(a) / Math.sqrt(1 - a));
  return (x, _, x0, now, next, __, at) => {
    const k = Math.floor(at / pixels);
    const h = lambda(next) - lambda(now);
    images.set(at, x0);
    let d = x0;
    if (k > 0 && k < steps - 1) {
      const r = (lambda(now) - lambda(schedule.alphaBar[evenly(steps)[k - 1]!]!)) / h;
      d = (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * images.get(at - pixels)!;
    }
    return Math.sqrt((1 - next) / (1 - now)) * x - Math.sqrt(next) * (Math.exp(-h) - 1) * d;
  };
}

for (
  const [name, change, step] of [
    ["ancestral", {}, ancestralOf("beta")],
    [
      "ancestral with the posterior's variance",
      { variance: "posterior" },
      ancestralOf("posterior"),
    ],
    ["ancestral, clipped", { clip: true }, ancestralOf("beta")],
    ["DDIM", { sampler: "ddim", eta: 0 }, ddimOf(0)],
    ["DDIM with eta 0.7, clipped", { sampler: "ddim", eta: 0.7, clip: true }, ddimOf(0.7)],
    ["DPM-Solver++", { sampler: "dpm-solver++" }, dpmSolverOf(12)],
  ] as [string, Partial<SamplerOptions["sampling"]>, PaperStep][]
) {
  Deno.test(`${name}: images by the paper's formula`, async () => {
    const images = await sampleImages({ ...changed(change), first: 6, count: 3 });
    for (const i of [0, 1, 2]) {
      const expected = byPaper(6 + i, evenly(12), change.clip ?? false, step);
      assertClose(images.subarray(i * pixels, (i + 1) * pixels), expected, 2e-4, `image ${6 + i}`);
    }
  });
}
