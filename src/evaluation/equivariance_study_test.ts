import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openEngine } from "../engines/mod.ts";
import { formulaUniform } from "../golden/golden.ts";
import { type EquivarianceOptions, measureEquivariance } from "./equivariance_study.ts";

Deno.test("a study measures predictions at five noise levels and runs, with intervals over the seeds", async () => {
  const engine = await openEngine("cpu");
  let last = [0, 0];
  let calls = 0;
  const options: EquivarianceOptions = {
    engine,
    // Half of its input: this commutes with every linear transformation.
    predict: (x) => x.mul(0.5) as tf.Tensor4D,
    spec: {
      imageSize: 16,
      channels: 1,
      classes: null,
      seed: 3,
      noise: { steps: 1000, start: 1e-4, end: 0.02, schedule: "linear" },
      sampling: {
        sampler: "ddim",
        steps: 4,
        eta: 0,
        variance: null,
        clip: false,
        count: 4,
        batchSize: 4,
        guidance: null,
        labels: null,
        rotation: [0],
        shift: { columns: 0, rows: 0, rule: "spread" },
      },
    },
    images: { shape: [4, 16, 16, 1], values: Float32Array.from(formulaUniform(12, 1024)) },
    seeds: 2,
    transformations: 1,
    angles: [30],
    runs: true,
    onProgress: (...state) => {
      last = state;
      calls++;
    },
  };
  const before = tf.memory().numTensors;
  const scores = await measureEquivariance(options);
  assertEquals(tf.memory().numTensors, before);
  assertEquals([last[0], calls], [last[1], last[1]]);
  const predictions = scores.filter((score) => score.of === "prediction");
  const runs = scores.filter((s) => s.of === "run");
  assertEquals(predictions.length, 5 * (4 + 1));
  assertEquals([...new Set(predictions.map((score) => score.timestep))], [50, 250, 500, 749, 949]);
  for (const { measure, decibels } of predictions) {
    assert(Math.min(...decibels) > 110, `${measure}: ${decibels}`);
  }
  assertEquals(runs.map(({ measure, degrees }) => [measure, degrees]), [
    ["EQ-T", null],
    ["EQ-T_frac", null],
    ["shift PSNR", null],
    ["EQ-R", 30],
  ]);
  for (const { interval, decibels } of scores) {
    assertEquals(decibels.length, 2);
    // Whole shifts of a commuting function leave no error at all, and so no bounds.
    if (decibels.includes(Infinity)) {
      assertEquals(interval, { mean: Infinity, low: null, high: null, count: 2 });
    } else assert(interval.low! <= interval.mean && interval.mean <= interval.high!);
  }
  await assertRejects(
    () => measureEquivariance({ ...options, seeds: 3 }),
    RangeError,
    "cannot be shared",
  );
});
