// How long a training will take, from steps of which some are compiled: on a clock of our own.
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

/** A training of so many images, a step after the other; gives what the pace says after each. */
function follow(count: number, batchSize: number, msOf: (step: number, size: number) => number) {
  let ms = 0;
  const pace = startPace(batchSize, () => ms);
  let seen = 0;
  return {
    pace,
    sleep(pausedMs: number) {
      ms += pausedMs;
      pace.paused(pausedMs);
    },
    step(step: number) {
      const now = imagesSeen(step, { batchSize }, count);
      ms += msOf(step, now - seen);
      seen = now;
      pace.reached(now);
      return pace.secondsPerImage();
    },
  };
}

Deno.test("a small set's time is told within 15 %, though each batch size is compiled", () => {
  const compiled = new Set<number>();
  // 200 images in batches of 32: the seventh step of an epoch has 8, and is compiled on its own.
  const training = follow(200, 32, (step, size) => {
    const first = !compiled.has(size);
    compiled.add(size);
    return (first ? 3000 : 0) + (step === 2 ? 400 : 0) + 4 * size;
  });
  assertEquals([training.step(1), training.step(2)], [null, null], "nothing is known yet");
  for (let step = 3; step <= 30; step++) {
    const perImage = training.step(step);
    assert(perImage !== null && Math.abs(perImage - 0.004) < 0.15 * 0.004, `${step}: ${perImage}`);
  }
  training.sleep(60_000);
  assertEquals(training.step(31)?.toFixed(4), "0.0040", "previews are no part of the speed");
});

Deno.test("what another process took for a moment is not what steps take; what lasts is", () => {
  const training = follow(1000, 10, (step) => step === 20 ? 9000 : step > 300 ? 200 : 100);
  let last: number | null = null;
  for (let step = 1; step <= 40; step++) last = training.step(step);
  assertEquals(last?.toFixed(4), "0.0100");
  for (let step = 41; step <= 1000; step++) last = training.step(step);
  assertEquals(last?.toFixed(4), "0.0200", "half as fast for long is half as fast");
});

Deno.test("how long the rest takes is told once, and again where that turns out wrong", () => {
  const small = resolveSpec(parseSpec("architecture: A\ndataset: mnist\n"), [
    "training.batchSize=10",
    "sampling.count=10",
  ]);
  const said: string[] = [];
  const message = (text: string) => void said.push(text);
  const progress = { phase() {}, update() {}, done() {}, message };
  const training = follow(1000, 10, (step) => step > 300 ? 400 : 200);
  const course = { losses: [1], steps: 1000, stepsPerEpoch: 100 };
  const dataset = { count: 1000 } as Dataset; // No more of it is looked at.
  const teller = createTrainingProgress({ spec: small, dataset, progress }, course, training.pace);
  for (let step = 1; step <= 1000; step++) {
    training.step(step);
    teller.reached(step, 0, 0);
  }
  const [first, second] = said;
  assertStringIncludes(first ?? "", "training 983 more of 1,000 steps will take about 3 min here");
  assertStringIncludes(first ?? "", "drawing 10 images about 54 s; scores come on top.");
  assertStringIncludes(second ?? "", "will now, by the present speed, take about");
  assert(said.length < 8, said.join("\n"));
});

const spec = (...overrides: string[]) =>
  resolveSpec(parseSpec("architecture: D\ndataset: mnist-m\n"), overrides);

Deno.test("fast previews take at most 3 % of the training, whatever its images", () => {
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
  // The paper's run shows each epoch.
  assertEquals(epochsBetweenPreviews(spec(), 6000), 1);
  assertEquals(previewsIn(spec(), 6000), 100);
});

Deno.test("a spec that asks for the published previews gets them, and one for none gets none", () => {
  const published = spec("training.previewSampler=published");
  assertEquals(epochsBetweenPreviews(published, 16), 1);
  const { sampler, steps, clip } = previewSampling(published);
  assertEquals([sampler, steps, clip], ["ancestral", 999, false]);
  const none = spec("training.previewEveryEpochs=null");
  assertEquals(previewsDue(none, { count: 16, steps: 1000, firstStep: 0 }), 0);
  // A training that goes on counts its parent's epochs.
  const further = { count: 6000, steps: 375 * 12, firstStep: 375 * 10 };
  assertEquals(previewsDue(spec(), further), 2);
});
