import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { testOnEngines } from "../../kernels/shared/testing.ts";
import { assertClose } from "../golden/golden.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { normalNumbers } from "../../kernels/random_normal/reference.ts";
import { rotate } from "../../kernels/rotate/mod.ts";
import { shift } from "../../kernels/shift/mod.ts";
import { denoise, stepNumbers } from "./denoise.ts";
import { mixturePredictor } from "./mixture.ts";
import { sampleImages, type SamplerOptions, toPixels } from "./sampler.ts";
import { stepDegrees } from "./motion.ts";
import { samplingSteps } from "./steps.ts";
import {
  changed,
  engine,
  evenly,
  imageShape,
  mixture,
  options,
  pixels,
  predict,
  sampling,
  schedule,
} from "./sampler_testing.ts";

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

Deno.test("guidance weighs the prediction with the class against that without, and labels cycle by index", async () => {
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

Deno.test("reports each step, leaks no tensors, and stops on abort", async () => {
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

Deno.test("waiting for a GPU now and then changes no image and no event", async () => {
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
  "a jitted run equals the plain formulas, with new noise in each step",
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
