import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openEngine } from "../engines/mod.ts";
import { testOnEngines } from "../../kernels/shared/testing.ts";
import { assertClose, goldenCases, type GoldenTensor } from "../golden/golden.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { normalNumbers } from "../../kernels/random_normal/reference.ts";
import { rotate } from "../../kernels/rotate/mod.ts";
import { shift } from "../../kernels/shift/mod.ts";
import { denoise, stepNumbers } from "./denoise.ts";
import { mixtureNoise, mixturePredictor } from "./mixture.ts";
import { sampleImages, type SamplerOptions, toPixels } from "./sampler.ts";
import { stepDegrees } from "./motion.ts";
import { noiseSchedule } from "./schedule.ts";
import { samplingSteps } from "./steps.ts";

const engine = await openEngine("cpu");
const schedule = noiseSchedule({ steps: 1000, start: 1e-4, end: 0.02, schedule: "linear" });
const mixture = [{ weight: 0.35, mean: -0.7, deviation: 0.2 }, {
  weight: 0.65,
  mean: 0.5,
  deviation: 0.3,
}];
const predict = mixturePredictor(mixture, schedule);
const imageShape: [number, number, number] = [8, 8, 1];
const pixels = 64;

const sampling: SamplerOptions["sampling"] = {
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
const options: SamplerOptions = {
  engine,
  predict,
  imageShape,
  sampling,
  classes: null,
  schedule,
  seed: 5,
};
const changed = (change: Partial<SamplerOptions["sampling"]>) => ({
  ...options,
  sampling: { ...sampling, ...change },
});

for (const { case: name, params, tensors, tolerance } of goldenCases("ancestral_step")) {
  Deno.test(`${name}: the published step is PyTorch's`, () => {
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
      maps: [],
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

const evenly = (steps: number) =>
  Array.from({ length: steps + 1 }, (_, k) => Math.round(999 * (steps - k) / steps));

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

Deno.test("an image depends on its index and the seed, not on what is drawn before it", async () => {
  const all = await sampleImages({ ...options, count: 10 });
  const some = await sampleImages({ ...options, first: 7, count: 2 });
  assertEquals(some, all.slice(7 * pixels, 9 * pixels));
  const other = await sampleImages({ ...options, seed: 6, first: 7, count: 2 });
  assert(other.every((value, i) => value !== some[i]));
});

Deno.test("each step turns by angle x timesteps / noise.steps, from the same noise, and shifts afterwards", async () => {
  const move = { shift: { columns: 3, rows: -1.5, rule: "spread" } } as const;
  for (
    const change of [{}, { sampler: "dpm-solver++", variance: null }, {
      sampler: "ddim",
      eta: 1,
    }] as const
  ) {
    const asked = changed({ ...change, ...move, steps: 7 });
    const moved = await sampleImages({ ...asked, count: 2, angleDegrees: 70 });
    const steps = samplingSteps(asked.sampling, schedule);
    let x = tf.tensor4d(
      Float32Array.from(
        [0, 1].flatMap((
          i,
        ) => [...normalNumbers(pixels, philoxKey(5, "samplingStart"), [16 * i, 0, 0, 0])]),
      ),
      [2, ...imageShape],
    );
    let previous = tf.zerosLike(x);
    steps.forEach((step, k) => {
      const noise = [0, 1].flatMap((
        i,
      ) => [...normalNumbers(pixels, philoxKey(5, "samplingStep"), [16 * i, 0, k, 0])]);
      const numbers = stepNumbers(step);
      const result = denoise({ predict, clip: false, guidance: null }, {
        x,
        numbers,
        previous,
        maps: [],
      });
      const degrees = 70 * (step.timestep - step.nextTimestep) / 1000;
      const turn = (image: tf.Tensor4D) => shift(rotate(image, degrees), 3 / 7, -1.5 / 7);
      x = turn(result.x.add(tf.tensor4d(Float32Array.from(noise), x.shape).mul(step.noise)));
      previous = turn(result.predicted);
    });
    assertClose(moved, x.dataSync(), 1e-4, JSON.stringify(change));
  }
});

Deno.test("the whole turn is angle x (noise.steps - 1) / noise.steps: 999 / 1000 of it", () => {
  for (const count of [999, 12]) {
    const steps = samplingSteps({ ...sampling, steps: count }, schedule);
    const degrees = steps.map(({ timestep, nextTimestep }) =>
      stepDegrees(30, timestep - nextTimestep, 1000)
    );
    assertClose([degrees.reduce((a, b) => a + b)], [29.97], 1e-9);
    if (count === 999) assertClose(degrees, degrees.map(() => 0.03), 1e-12);
  }
});

Deno.test("the published shift moves one column a step, whatever its size", async () => {
  const seen: number[] = [];
  // A network that predicts no noise leaves the state a multiple of itself, so only the motion is
  // visible.
  const still = { ...options, predict: (x: tf.Tensor4D) => tf.zerosLike(x) };
  for (const columns of [0.25, 17]) {
    const ask = {
      ...sampling,
      sampler: "ddim",
      eta: 0,
      steps: 5,
      shift: { columns, rows: 0, rule: "published" },
    } as const;
    const moved = await sampleImages({ ...still, sampling: ask, count: 1 });
    const plain = await sampleImages({
      ...still,
      sampling: { ...ask, shift: sampling.shift },
      count: 1,
    });
    const expected = Array.from({ length: pixels }, (_, i) => plain[i - i % 8 + (i % 8 + 3) % 8]!);
    seen.push(...moved);
    assertClose(moved, expected, 1e-4);
  }
  assertEquals(seen.slice(0, pixels), seen.slice(pixels));
});

Deno.test("guidance weighs the class's noise against that of none, and labels go round by index", async () => {
  const seen: number[][] = [];
  const conditional: SamplerOptions = {
    ...changed({ sampler: "ddim", eta: 0, steps: 1, guidance: 3, labels: [2, 0, 1], batchSize: 8 }),
    classes: 3,
    predict: (x, _, label) => {
      seen.push([...label!.dataSync()]);
      return x.mul(0).add(label!.toFloat().mul(0.1).reshape([-1, 1, 1, 1])) as tf.Tensor4D;
    },
  };
  const images = await sampleImages({ ...conditional, first: 1, count: 4 });
  assertEquals(seen, [[0, 1, 2, 0, -1, -1, -1, -1]]);
  const step = samplingSteps(conditional.sampling, schedule)[0]!;
  const start = normalNumbers(pixels, philoxKey(5, "samplingStart"), [16, 0, 0, 0])[0]!;
  // -0.1 without a class, 0 for class 0: -0.1 + 3 * 0.1.
  const image = step.imageFromState * start + step.imageFromNoise * 0.2;
  assertClose([images[0]!], [step.state * start + step.predicted * image], 1e-4);
  seen.length = 0;
  await sampleImages({
    ...conditional,
    sampling: { ...conditional.sampling, guidance: 1, labels: null },
    count: 4,
  });
  assertEquals(seen, [[0, 1, 2, 0]]);
});

Deno.test("tells each step, keeps no tensors, and stops when asked", async () => {
  const timesteps: number[] = [];
  const before = tf.memory().numTensors;
  const stop = new AbortController();
  let held = 0;
  await sampleImages({
    ...changed({ sampler: "dpm-solver++" }),
    count: 6,
    angleDegrees: 20,
    onStep: ({ first, size, step, steps, timestep, state }) => {
      if (first === 4) timesteps.push(timestep);
      assertEquals([state.shape[0], steps], [size, 12]);
      // By the fourth step, both rotations that 12 steps over 999 timesteps need have been set up.
      if (step === 4 && first === 0) held = tf.memory().numTensors;
      if (step > 4 && first === 0) assertEquals(tf.memory().numTensors, held);
    },
  });
  assertEquals(timesteps, evenly(12));
  assertEquals(tf.memory().numTensors, before);
  const stopped = sampleImages(
    {
      ...options,
      count: 6,
      signal: stop.signal,
      onStep: ({ step }) => step === 3 && stop.abort(new Error("enough")),
    } as Parameters<typeof sampleImages>[0],
  );
  await assertRejects(() => stopped, Error, "enough");
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("waiting for a GPU now and then changes no image and no step told", async () => {
  const drawn = async (device: string) => {
    const told: number[] = [];
    const images = await sampleImages({
      ...options,
      engine: { ...engine, device },
      count: 3,
      onStep: ({ step }) => void told.push(step),
    });
    return { told, images };
  };
  assertEquals(await drawn("a GPU"), await drawn("cpu"));
});

testOnEngines(
  "a jitted run draws what the plain formulas draw, anew in each step",
  async (engine) => {
    const moving = { clip: true, shift: { columns: 1, rows: 0, rule: "spread" } } as const;
    for (
      const change of [moving, { sampler: "dpm-solver++" }, { sampler: "ddim", eta: 1 }] as const
    ) {
      const asked = { ...changed(change), count: 5, angleDegrees: 30 };
      const images = await sampleImages({
        ...asked,
        engine,
        predict: mixturePredictor(mixture, schedule),
      });
      await tf.setBackend("cpu");
      assertClose(
        images,
        await sampleImages(asked),
        2e-3,
        `${engine.name} ${JSON.stringify(change)}`,
      );
      await tf.setBackend(engine.name);
    }
  },
);

testOnEngines("memory stays flat over the published 999 steps", async (engine) => {
  // A state is 196 kB, so leaking one per step would add about 196 MB.
  const resident = () => Deno.memoryUsage().rss / 1e6;
  const seen: { tensors: number; megabytes: number }[] = [];
  await sampleImages({
    ...changed({ steps: 999, batchSize: 16 }),
    engine,
    predict: (x) => x.mul(0.5) as tf.Tensor4D,
    imageShape: [32, 32, 3],
    count: 16,
    angleDegrees: 30,
    onStep: ({ step }) => {
      if (step % 333 === 0) seen.push({ tensors: tf.memory().numTensors, megabytes: resident() });
    },
  });
  const [_, early, middle, late] = seen;
  assertEquals([middle!.tensors, late!.tensors], [early!.tensors, early!.tensors]);
  assert(late!.megabytes - early!.megabytes < 40, seen.map(({ megabytes }) => megabytes).join());
}, (name) => name === "tensorflow");

Deno.test("pixels are clamped and truncated as PyTorch does", () => {
  assertEquals([...toPixels([-2, -1, -0.999, 0, 0.5, 0.9999, 1, 7])], [
    0,
    0,
    0,
    127,
    191,
    254,
    255,
    255,
  ]);
});
