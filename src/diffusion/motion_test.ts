import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { testOnEngines } from "../../kernels/shared/testing.ts";
import { assertClose } from "../golden/golden.ts";
import { applyMap, disposeMap, rigidMap, rotate } from "../../kernels/rotate/mod.ts";
import { shift } from "../../kernels/shift/mod.ts";
import { mixturePredictor } from "./mixture.ts";
import { type MotionName, type NoiseName, reachedPoses } from "./motion.ts";
import type { NoisePredictor } from "./noising.ts";
import { sampleImages, type SamplerOptions } from "./sampler.ts";
import { engine, sampling as twelveSteps, schedule } from "./sampler_testing.ts";
import { samplingSteps } from "./steps.ts";

type Sampling = SamplerOptions["sampling"];

const size = 8;
const count = 3;
const shape: [number, number, number, number] = [count, size, size, 2];

/** Sees each pixel by itself: it commutes with whole shifts and quarter turns. */
const pixelwise = mixturePredictor([
  { weight: 0.35, mean: -0.7, deviation: 0.2 },
  { weight: 0.65, mean: 0.5, deviation: 0.3 },
], schedule);

/** Scales the image by a factor of the timestep: it commutes with every linear map. */
const proportional = mixturePredictor([{ weight: 1, mean: 0, deviation: 0.5 }], schedule);

/** A convolution on a circle: it commutes with every shift by phases. */
const periodic: NoisePredictor = (x, t) =>
  tf.tidy(() =>
    proportional(x.mul(0.5).add(shift(x, 1, 0).mul(0.3)).sub(shift(x, -2, 1).mul(0.2)), t)
  );

const sampling: Sampling = { ...twelveSteps, steps: 6, batchSize: 2 };

interface Asked extends Partial<Sampling> {
  predict: NoisePredictor;
  degrees?: number;
  isUpright?: boolean;
}

const draw = async ({ predict, degrees = 0, isUpright = false, ...change }: Asked) =>
  tf.tensor4d(
    await sampleImages({
      engine,
      predict,
      imageShape: [size, size, 2],
      sampling: { ...sampling, ...change },
      classes: null,
      schedule,
      seed: 5,
      count,
      angleDegrees: degrees,
      isUpright,
    }),
    shape,
  );

const shiftBy = (columns: number, rows: number): Sampling["shift"] => ({
  columns,
  rows,
  rule: "spread",
});

const samplers: Partial<Sampling>[] = [
  {},
  { sampler: "ddim", eta: 1, variance: null, clip: true },
  { sampler: "dpm-solver++", variance: null },
];

Deno.test("whole shifts: a run whose noise is carried draws what the still run draws, shifted", async () => {
  const ways: [MotionName, NoiseName][] = [["state", "carried"], ["frame", "carried"]];
  for (const sampler of samplers) {
    const still = await draw({ predict: pixelwise, ...sampler });
    for (const [motion, noise] of ways) {
      const way = { ...sampler, motion, noise, shift: shiftBy(12, -6) };
      const moved = await draw({ predict: pixelwise, ...way });
      const expected = shift(still, 12, -6);
      assertClose(moved.dataSync(), expected.dataSync(), 1e-5, JSON.stringify(way));
    }
  }
});

Deno.test("quarter turns: a run whose noise is carried draws what the still run draws, turned", async () => {
  // Three steps of 333 timesteps each turn by 90 degrees.
  const [steps, degrees] = [3, 90 * 1000 / 333];
  for (const sampler of samplers) {
    const still = await draw({ predict: pixelwise, ...sampler, steps });
    for (const motion of ["state", "frame"] as const) {
      const way = { ...sampler, steps, motion, noise: "carried" } as const;
      const moved = await draw({ predict: pixelwise, degrees, ...way });
      const expected = rotate(still, 270);
      assertClose(moved.dataSync(), expected.dataSync(), 1e-5, JSON.stringify(way));
    }
  }
});

Deno.test("any turn and shift: a state that keeps its frame loses nothing", async () => {
  const still = { predict: proportional, motion: "frame", noise: "carried" } as const;
  for (const sampler of samplers) {
    const map = rigidMap([size, size], { degrees: 0, columns: 2.7, rows: -1.4 });
    const shifted = await draw({ ...still, ...sampler, clip: false, shift: shiftBy(2.7, -1.4) });
    const expected = applyMap(await draw({ ...still, ...sampler, clip: false }), map);
    assertClose(shifted.dataSync(), expected.dataSync(), 1e-5, JSON.stringify(sampler));
    disposeMap(map);
  }
  const turn = rigidMap([size, size], { degrees: 75 * 0.999, columns: 0, rows: 0 });
  const turned = await draw({ ...still, degrees: 75 });
  assertClose(turned.dataSync(), applyMap(await draw(still), turn).dataSync(), 1e-5);
  disposeMap(turn);
  const convolved = { ...still, predict: periodic };
  const map = rigidMap([size, size], { degrees: 0, columns: -1.3, rows: 3.2 });
  const shifted = await draw({ ...convolved, shift: shiftBy(-1.3, 3.2) });
  assertClose(shifted.dataSync(), applyMap(await draw(convolved), map).dataSync(), 1e-5);
  disposeMap(map);
});

Deno.test("a network that sees the image moved back is equivariant, whatever it does", async () => {
  /** Knows where the left half is. */
  const lopsided: NoisePredictor = (x, t) =>
    tf.tidy(() => pixelwise(x, t).mul(tf.linspace(0.9, 1.1, size).reshape([1, 1, size, 1])));
  const still = await draw({ predict: lopsided });
  for (const motion of ["state", "frame"] as const) {
    const way = { predict: lopsided, motion, noise: "carried", shift: shiftBy(6, 12) } as const;
    const expected = shift(still, 6, 12);
    const upright = await draw({ ...way, isUpright: true });
    assertClose(upright.dataSync(), expected.dataSync(), 1e-5, motion);
    const usual = await draw(way);
    assert(usual.sub(expected).abs().max().dataSync()[0]! > 0.05, motion);
  }
  const turned = await draw({
    predict: lopsided,
    degrees: 75,
    motion: "frame",
    noise: "carried",
    isUpright: true,
  });
  const turn = rigidMap([size, size], { degrees: 75 * 0.999, columns: 0, rows: 0 });
  assertClose(turned.dataSync(), applyMap(still, turn).dataSync(), 1e-5);
  disposeMap(turn);
});

Deno.test("noise that is fixed is the same in both kinds of motion", async () => {
  // Whole pixels move alike by splines and by phases, so the runs differ in their bookkeeping
  // alone.
  for (const sampler of [{}, samplers[1]!]) {
    const way = { predict: pixelwise, ...sampler, shift: shiftBy(6, 12) };
    const state = await draw({ ...way, motion: "state", noise: "fixed" });
    const frame = await draw({ ...way, motion: "frame", noise: "fixed" });
    assertClose(frame.dataSync(), state.dataSync(), 1e-5, JSON.stringify(sampler));
    const carried = await draw({ ...way, noise: "carried" });
    assert(carried.sub(state).abs().mean().dataSync()[0]! > 0.1);
  }
});

Deno.test("the defaults are the published ones, and a still run knows neither field", async () => {
  const published = await draw({ predict: pixelwise, degrees: 40, shift: shiftBy(1.5, 0) });
  const named = { motion: "state", noise: "fixed" } as const;
  const same = await draw({ predict: pixelwise, degrees: 40, shift: shiftBy(1.5, 0), ...named });
  assertEquals(same.dataSync(), published.dataSync());
  const still = await draw({ predict: pixelwise });
  const other = await draw({ predict: pixelwise, motion: "frame", noise: "carried" });
  assertEquals(other.dataSync(), still.dataSync());
  const carried = await draw({ predict: pixelwise, degrees: 40, noise: "carried" });
  assertNotEquals(carried.dataSync(), published.dataSync());
});

Deno.test("the motion reached is that of the steps one after another", () => {
  const shift = shiftBy(3, -2);
  const steps = samplingSteps({ ...sampling, steps: 4 }, schedule);
  const poses = reachedPoses({
    size: [size, size],
    degrees: 360,
    sampling: { shift },
    steps,
    noiseSteps: 1000,
  });
  const radians = 2 * Math.PI / 1000;
  // Each step turns a point, and then shifts it.
  let point: [right: number, down: number] = [0, 0];
  poses.forEach(({ degrees, columns, rows }, k) => {
    assertClose([columns, rows], point, 1e-9, `before step ${k}`);
    assertClose([degrees], [360 * (999 - (steps[k]?.timestep ?? 0)) / 1000], 1e-9);
    if (!steps[k]) return;
    const angle = radians * (steps[k].timestep - steps[k].nextTimestep);
    const [right, down] = point;
    point = [
      Math.cos(angle) * right + Math.sin(angle) * down + 0.75,
      Math.cos(angle) * down - Math.sin(angle) * right - 0.5,
    ];
  });
});

Deno.test("events of a moving run have moved states and predictions, and no tensors leak", async () => {
  const before = tf.memory().numTensors;
  const [states, guesses]: [number[][], number[][]] = [[], []];
  const told = (moved: boolean) => ({
    engine,
    predict: pixelwise,
    imageShape: [size, size, 1] as [number, number, number],
    sampling: {
      ...sampling,
      motion: "frame" as const,
      noise: "carried" as const,
      shift: shiftBy(moved ? 6 : 0, 0),
    },
    classes: null,
    schedule,
    seed: 5,
    count: 1,
    showsGuess: true,
  });
  const asTold = (values: tf.Tensor4D, columns: number) =>
    Array.from(tf.tidy(() => shift(values, columns, 0).dataSync()));
  let index = 0;
  await sampleImages({
    ...told(true),
    onStep: ({ state, predicted }) => {
      states.push(Array.from(state.dataSync()));
      if (predicted) guesses.push(Array.from(predicted.dataSync()));
    },
  });
  await sampleImages({
    ...told(false),
    onStep: ({ step, state, predicted }) => {
      assertClose(states[step]!, asTold(state, step), 1e-5, `the state of step ${step}`);
      if (predicted) assertClose(guesses[index++]!, asTold(predicted, step), 1e-5);
    },
  });
  assertEquals([index, states.length], [6, 7]);
  assertEquals(tf.memory().numTensors, before);
});

testOnEngines(
  "each kind of motion draws on every engine what it draws on the CPU",
  async (tested) => {
    for (const motion of ["state", "frame"] as const) {
      for (const noise of ["fixed", "carried"] as const) {
        const asked: Parameters<typeof sampleImages>[0] = {
          engine: tested,
          predict: mixturePredictor([{ weight: 1, mean: 0.2, deviation: 0.4 }], schedule),
          imageShape: [size, size, 1],
          sampling: { ...sampling, motion, noise, clip: true, shift: shiftBy(1.2, 0) },
          classes: null,
          schedule,
          seed: 5,
          count: 5,
          angleDegrees: 200,
        };
        const images = await sampleImages(asked);
        await tf.setBackend("cpu");
        const predict = mixturePredictor([{ weight: 1, mean: 0.2, deviation: 0.4 }], schedule);
        const expected = await sampleImages({ ...asked, engine, predict });
        assertClose(images, expected, 2e-3, `${motion} ${noise} on ${tested.name}`);
        await tf.setBackend(tested.name);
      }
    }
  },
);
