import { assert, assertEquals } from "@std/assert";
import { assertClose } from "../golden/golden.ts";
import { parseSpec, type ResolvedSpec, resolveSpec } from "../spec/mod.ts";
import { emaDecayAt, imagesSeen, learningRateAt, trainingPlan } from "./plan.ts";

type Training = ResolvedSpec["training"];

/** The training section of a spec. */
function training(section: string): Training {
  return resolveSpec(parseSpec(`architecture: A\ndataset: mnist\ntraining: { ${section} }\n`))
    .training;
}

const steps = (section: string, count: number) => trainingPlan(training(section), count);

Deno.test("a training has whole epochs, each with a short last batch, and the rest", () => {
  assertEquals(steps("epochs: 100", 6000), { stepsPerEpoch: 375, steps: 37_500 });
  assertEquals(steps("epochs: 100", 19_999), { stepsPerEpoch: 1250, steps: 125_000 });
  assertEquals(steps("images: 160000, batchSize: 32", 10_000), { stepsPerEpoch: 313, steps: 5008 });
  assertEquals(steps("images: 25, batchSize: 4", 10), { stepsPerEpoch: 3, steps: 8 });
  assertEquals(steps("images: 1, batchSize: 64", 10), { stepsPerEpoch: 1, steps: 1 });
  for (let round = 0; round < 200; round++) {
    const [seed] = crypto.getRandomValues(new Uint32Array(1));
    const images = 1 + seed! % 997;
    const count = 1 + (seed! >>> 10) % 89;
    const batchSize = 1 + (seed! >>> 20) % 31;
    // Counted by walking through the epochs.
    let walked = 0;
    for (let left = images; left > 0; left -= count) {
      walked += Math.ceil(Math.min(left, count) / batchSize);
    }
    assertEquals(
      steps(`images: ${images}, batchSize: ${batchSize}`, count).steps,
      walked,
      `seed ${seed}`,
    );
  }
});

Deno.test("the learning rate without a schedule is constant, as published", () => {
  const published = training("epochs: 100");
  for (const step of [0, 1, 500, 37_499]) {
    assertEquals(learningRateAt(step, 37_500, published), 3e-4);
  }
});

Deno.test("the learning rate rises over the warm-up and falls over the last part", () => {
  const options = "learningRate: 0.008, warmupSteps: 100, decayFraction: 0.3";
  const sections = new Map(
    ["linear", "cosine"].map((decay) => [decay, training(`${options}, decay: ${decay}`)]),
  );
  const rate = (step: number, decay: string) => learningRateAt(step, 1000, sections.get(decay)!);
  for (const decay of ["linear", "cosine"]) {
    assertClose([rate(0, decay), rate(49, decay), rate(99, decay)], [0.00008, 0.004, 0.008], 1e-15);
    for (let step = 99; step <= 700; step++) assertEquals(rate(step, decay), 0.008);
    for (let step = 701; step < 1000; step++) {
      assert(rate(step, decay) < rate(step - 1, decay) && rate(step, decay) > 0);
    }
    assertClose([rate(850, decay)], [0.004], 1e-15);
  }
  assertClose([rate(775, "linear"), rate(999, "linear")], [0.006, 0.008 / 300], 1e-15);
  assertClose([rate(775, "cosine")], [0.004 * (1 + Math.SQRT1_2)], 1e-15);
});

Deno.test("the decay of the average rises to emaDecay", () => {
  assertClose([0, 1, 8, 90].map((step) => emaDecayAt(step, 0.999)), [
    1 / 10,
    2 / 11,
    1 / 2,
    91 / 100,
  ], 1e-15);
  assertEquals([emaDecayAt(8990, 0.999), emaDecayAt(1e6, 0.999), emaDecayAt(5, 0.25)], [
    0.999,
    0.999,
    0.25,
  ]);
});

Deno.test("imagesSeen counts the short last batch of an epoch", () => {
  const batch = { batchSize: 4 };
  assertEquals([0, 1, 2, 3, 4, 6].map((steps) => imagesSeen(steps, batch, 10)), [
    0,
    4,
    8,
    10,
    14,
    20,
  ]);
  assertEquals(imagesSeen(5, { batchSize: 64 }, 10), 50);
});
