import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openEngine } from "../engines/mod.ts";
import { formulaUniform } from "../golden/golden.ts";
import { confidenceInterval } from "./confidence.ts";
import { type Measure, measures } from "./equivariance.ts";
import { type EquivarianceOptions, measureEquivariance } from "./equivariance_study.ts";
import { curvesOf, scoresCsv, summaryTable } from "./equivariance_table.ts";

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

Deno.test("scores become a table, CSV and curves", () => {
  const score = (
    of: "prediction" | "run",
    measure: Measure,
    degrees: number | null,
    decibels: number[],
  ) => ({
    of,
    measure,
    timestep: of === "run" ? null : 500,
    degrees,
    decibels,
    interval: confidenceInterval(decibels),
  });
  const networks = [{
    name: "D-2N",
    bundle: "d2n",
    kin: "1",
    scores: [
      score("prediction", "EQ-T", null, [20, 22]),
      score("prediction", "EQ-R", null, [10, 10]),
      score("prediction", "EQ-R", 30, [90, 90]),
      score("run", "EQ-R", 30, [12, 14]),
      score("run", "EQ-R", -30, [10, 12]),
    ],
  }];
  const [head, prediction, run] = summaryTable(networks).split("\n").map((line) =>
    line.split(/ {2,}/)
  );
  assertEquals(head!.slice(1), measures.map((measure) => `${measure} (dB)`));
  assertEquals(prediction, ["D-2N", "prediction", "21.00 ± 12.71", "-", "10.00 ± 0.00", "-"]);
  assertEquals(run, ["D-2N", "run", "-", "-", "12.00 ± 12.71", "-"]);
  assertEquals(scoresCsv(networks).split("\n").slice(0, 3), [
    "name,bundle,of,measure,timestep,degrees,seed,decibels",
    "D-2N,d2n,prediction,EQ-T,500,,0,20",
    "D-2N,d2n,prediction,EQ-T,500,,1,22",
  ]);
  const [curve] = curvesOf(networks, "run");
  assertEquals(curve!.points, [[-30, 11], [0, null], [30, 13]]);
  assertEquals(curve!.spread.map((half) => half.toFixed(1)), ["12.7", "0.0", "12.7"]);
  // Two trainings of one network: the interval spans them, and the seeds of each measurement are
  // averaged.
  const other = {
    ...networks[0]!,
    bundle: "again",
    scores: [score("prediction", "EQ-T", null, [26, 30])],
  };
  const two = summaryTable([...networks, other, { ...other, kin: "2", bundle: "wider" }]).split(
    "\n",
  );
  assertEquals(two[1]!.split(/ {2,}/), [
    "D-2N (d2n, 2 trainings)",
    "prediction",
    "24.50 ± 44.47",
    "-",
    "10.00",
    "-",
  ]);
  assertEquals(two[3]!.split(/ {2,}/).slice(0, 3), ["D-2N (wider)", "prediction", "28.00 ± 25.41"]);
  // Differences are taken seed by seed: what both networks have in common does not affect their
  // interval.
  const better = {
    ...networks[0]!,
    name: "A",
    kin: "3",
    scores: [score("prediction", "EQ-T", null, [21, 23.5])],
  };
  const lines = summaryTable([...networks, better]).split("\n").map((line) => line.split(/ {2,}/));
  assertEquals(lines[4], [""]);
  assertEquals([lines[5]![0], lines[6]], ["less D-2N", [
    "A",
    "prediction",
    "+1.25 ± 3.18",
    "-",
    "-",
    "-",
  ]]);
});
