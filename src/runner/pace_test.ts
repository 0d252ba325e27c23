// Estimating how long a training takes although some steps compile, on a simulated clock.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Dataset } from "../datasets/mod.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { imagesSeen } from "../training/plan.ts";
import { startPace } from "./pace.ts";
import {
  epochsBetweenPreviews,
  forwardShare,
  previewCount,
  previewSampling,
  previewsDue,
  previewsIn,
} from "./previews.ts";
import { createTrainingProgress } from "./training_progress.ts";

/** Simulates a training on `count` images; `step` returns the measured pace. */
function simulate(count: number, batchSize: number, msOf: (step: number, size: number) => number) {
  let ms = 0;
  const pace = startPace(batchSize, () => ms);
  let seen = 0;
  return {
    pace,
    pause(pausedMs: number) {
      ms += pausedMs;
      pace.exclude(pausedMs);
    },
    step(step: number) {
      const now = imagesSeen(step, { batchSize }, count);
      ms += msOf(step, now - seen);
      seen = now;
      pace.read(now);
      return pace.secondsPerImage();
    },
  };
}

Deno.test("estimates are within 15 %, although each batch size compiles", () => {
  const compiled = new Set<number>();
  // 200 images in batches of 32: the seventh step of an epoch has 8 images, and compiles again.
  const training = simulate(200, 32, (step, size) => {
    const first = !compiled.has(size);
    compiled.add(size);
    return (first ? 3000 : 0) + (step === 2 ? 400 : 0) + 4 * size;
  });
  assertEquals([training.step(1), training.step(2)], [null, null], "nothing is known yet");
  for (let step = 3; step <= 30; step++) {
    const perImage = training.step(step);
    assert(perImage !== null && Math.abs(perImage - 0.004) < 0.15 * 0.004, `${step}: ${perImage}`);
  }
  training.pause(60_000);
  assertEquals(training.step(31)?.toFixed(4), "0.0040", "previews do not affect the speed");
});

Deno.test("a short disturbance by another process is ignored, and a lasting one is not", () => {
  const training = simulate(1000, 10, (step) => step === 20 ? 9000 : step > 300 ? 200 : 100);
  let last: number | null = null;
  for (let step = 1; step <= 40; step++) last = training.step(step);
  assertEquals(last?.toFixed(4), "0.0100");
  for (let step = 41; step <= 1000; step++) last = training.step(step);
  assertEquals(last?.toFixed(4), "0.0200", "half the speed, once it lasts");
});

Deno.test("the time left is reported once, and again if it turns out wrong", () => {
  const small = resolveSpec(parseSpec("architecture: A\ndataset: mnist\n"), [
    "training.batchSize=10",
    "sampling.count=10",
  ]);
  const said: string[] = [];
  const message = (text: string) => void said.push(text);
  const progress = { phase() {}, update() {}, done() {}, message };
  const training = simulate(1000, 10, (step) => step > 300 ? 400 : 200);
  const record = { losses: [1], equivarianceLosses: [], steps: 1000, stepsPerEpoch: 100 };
  const dataset = { count: 1000 } as Dataset; // Nothing else of it is read.
  const display = createTrainingProgress({ spec: small, dataset, progress }, record, training.pace);
  for (let step = 1; step <= 1000; step++) {
    training.step(step);
    display.update(step, 0, 0);
  }
  const [first, second] = said;
  assertStringIncludes(first ?? "", "training 983 more of 1,000 steps will take about 3 min,");
  assertStringIncludes(first ?? "", "drawing 10 images about 54 s, plus scoring.");
  assertStringIncludes(second ?? "", "at the current speed, training");
  assert(said.length < 8, said.join("\n"));
});

const spec = (...overrides: string[]) =>
  resolveSpec(parseSpec("architecture: D\ndataset: mnist-m\n"), overrides);

Deno.test("fast previews take at most 3 % of the training's time for any number of images", () => {
  const specs = [
    spec(),
    spec("training.previewEveryEpochs=7"),
    spec("classes=10", "sampling.guidance=2"),
    spec("sampling.steps=5"),
  ];
  for (const each of specs) {
    for (const count of [1, 16, 200, 6000, 60_000]) {
      const epochs = 5000;
      const long = { ...each, training: { ...each.training, epochs } };
      const { guidance, steps } = previewSampling(each);
      const cost = previewCount * steps * forwardShare * (guidance === 2 ? 2 : 1);
      const share = previewsIn(long, count) * cost / (epochs * count);
      assert(share <= 0.03, `${share} of ${count} images`);
      const every = epochsBetweenPreviews(each, count);
      assertEquals(every % (each.training.previewEveryEpochs ?? 1), 0);
    }
  }
  // The paper's run has a preview after each epoch.
  assertEquals(epochsBetweenPreviews(spec(), 6000), 1);
  assertEquals(previewsIn(spec(), 6000), 100);
});

Deno.test("a spec may ask for the published previews, or for none", () => {
  const published = spec("training.previewSampler=published");
  assertEquals(epochsBetweenPreviews(published, 16), 1);
  const { sampler, steps, clip } = previewSampling(published);
  assertEquals([sampler, steps, clip], ["ancestral", 999, false]);
  const none = spec("training.previewEveryEpochs=null");
  assertEquals(previewsDue(none, { count: 16, steps: 1000, firstStep: 0 }), 0);
  // A training that continues another one counts its parent's epochs.
  const further = { count: 6000, steps: 375 * 12, firstStep: 375 * 10 };
  assertEquals(previewsDue(spec(), further), 2);
});
