import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { parseSpec, type ResolvedSpec, resolveSpec } from "../spec/mod.ts";
import { batchSource, shuffledIndices } from "./batches.ts";
import { augmentImages, randomMotions } from "./motions.ts";
import { noiseDataset } from "./testing.ts";

const dataset = noiseDataset(300);

function spec(text = ""): ResolvedSpec {
  return resolveSpec(
    parseSpec(`architecture: A\ndataset: mnist\nimageSize: 8\nseed: 7\n${text}\n`),
  );
}

/** Identifies the images of a batch by the bytes of their first two pixels. */
function indicesOf({ images, size }: { images: Float32Array; size: number }): number[] {
  const byte = (at: number) => Math.round((images[at]! + 1) * 127.5);
  return Array.from({ length: size }, (_, i) => byte(64 * i) + 256 * byte(64 * i + 1));
}

Deno.test("each epoch and seed has its own order, always the same permutation", () => {
  const sorted = (order: Uint32Array) => [...order].sort((a, b) => a - b);
  for (const count of [1, 2, 7, 1000]) {
    const order = shuffledIndices(count, 42, 3);
    assertEquals(sorted(order), Array.from({ length: count }, (_, i) => i));
    assertEquals(shuffledIndices(count, 42, 3), order);
  }
  assertNotEquals(shuffledIndices(1000, 42, 4), shuffledIndices(1000, 42, 3));
  assertNotEquals(shuffledIndices(1000, 43, 3), shuffledIndices(1000, 42, 3));
});

Deno.test("all permutations of three images are equally likely", () => {
  const counts = new Map<string, number>();
  const rounds = 6000;
  for (let epoch = 0; epoch < rounds; epoch++) {
    const order = shuffledIndices(3, 1, epoch).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  const chiSquare = [...counts.values()].reduce(
    (sum, n) => sum + (n - rounds / 6) ** 2 / (rounds / 6),
    0,
  );
  assertEquals(counts.size, 6);
  // 5 degrees of freedom, significance level 0.1 %.
  assert(chiSquare < 20.5, `chi-square ${chiSquare}`);
});

Deno.test("an epoch contains each image once; its last batch is short", () => {
  const stepsPerEpoch = 19;
  const batchAt = batchSource(dataset, spec(), stepsPerEpoch);
  const epochs: number[][] = [];
  for (let epoch = 0; epoch < 3; epoch++) {
    const batches = Array.from(
      { length: stepsPerEpoch },
      (_, i) => batchAt(epoch * stepsPerEpoch + i),
    );
    assertEquals(batches.map(({ size }) => size), [...Array(18).fill(16), 12]);
    for (const { images, size, timesteps } of batches) {
      assertEquals([images.length, timesteps.length], [64 * size, size]);
    }
    epochs.push(batches.flatMap(indicesOf));
  }
  for (const seen of epochs) assertEquals(new Set(seen).size, 300);
  assertNotEquals(epochs[0], epochs[1]);
  assertNotEquals(epochs[1], epochs[2]);
});

Deno.test("any step can be drawn again on its own", () => {
  const inOrder = batchSource(dataset, spec("data: { flip: true }"), 19);
  const batches = Array.from({ length: 60 }, (_, step) => inOrder(step));
  for (const step of [59, 0, 18, 19, 40]) {
    assertEquals(batchSource(dataset, spec("data: { flip: true }"), 19)(step), batches[step]!);
  }
  assertNotEquals(batches[0]!.timesteps, batches[1]!.timesteps);
});

Deno.test("timesteps are uniform in 1 ... 999", () => {
  const batchAt = batchSource(dataset, spec(), 19);
  const bins = new Array<number>(27).fill(0);
  let min = Infinity;
  let max = 0;
  let draws = 0;
  for (let step = 0; step < 8000; step++) {
    for (const t of batchAt(step).timesteps) {
      min = Math.min(min, t);
      max = Math.max(max, t);
      bins[Math.floor((t - 1) / 37)]!++; // 999 = 27 * 37
      draws++;
    }
  }
  assertEquals([min, max], [1, 999]);
  const chiSquare = bins.reduce((sum, n) => sum + (n - draws / 27) ** 2 / (draws / 27), 0);
  // 26 degrees of freedom, significance level 0.1 %.
  assert(chiSquare < 54.1, `chi-square ${chiSquare}`);
});

Deno.test("with few timesteps, all but 0 occur", () => {
  const batchAt = batchSource(dataset, spec("noise: { steps: 3 }\nsampling: { steps: 2 }"), 19);
  const seen = new Set<number>();
  for (let step = 0; step < 20; step++) batchAt(step).timesteps.forEach((t) => seen.add(t));
  assertEquals([...seen].sort(), [1, 2]);
});

Deno.test("half of the images are mirrored with data.flip, and none without", () => {
  const plain = batchSource(dataset, spec(), 19);
  const flipping = batchSource(dataset, spec("data: { flip: true }"), 19);
  let mirrored = 0;
  for (let step = 0; step < 57; step++) {
    const { images, size } = plain(step);
    const other = flipping(step).images;
    for (let i = 0; i < size; i++) {
      const rows = (values: Float32Array) =>
        Array.from({ length: 8 }, (_, y) => [...values.slice(64 * i + 8 * y, 64 * i + 8 * y + 8)]);
      const own = rows(images);
      const flipped = own.map((row) => [...row].reverse());
      const got = rows(other);
      const isSame = String(got) === String(own);
      assert(isSame || String(got) === String(flipped), `step ${step}, image ${i}`);
      if (!isSame) mirrored++;
    }
  }
  assert(Math.abs(mirrored - 450) < 60, `${mirrored} of 900`); // Four standard deviations.
});

Deno.test("labels belong to their images, and labelDropout drops some", () => {
  assertEquals(batchSource(dataset, spec(), 19)(0).labels, null);
  const all = batchSource(dataset, spec("classes: 10\ntraining: { labelDropout: 0 }"), 19);
  const some = batchSource(dataset, spec("classes: 10\ntraining: { labelDropout: 0.25 }"), 19);
  let dropped = 0;
  for (let step = 0; step < 57; step++) {
    const batch = all(step);
    const expected = indicesOf(batch).map((index) => index % 10);
    assertEquals([...batch.labels!], expected);
    some(step).labels!.forEach((label, i) => {
      if (label === -1) dropped++;
      else assertEquals(label, expected[i]);
    });
  }
  assert(Math.abs(dropped - 225) < 52, `${dropped} of 900`); // Four standard deviations.
});

Deno.test("augmentation changes only the images of a batch", () => {
  const plain = batchSource(dataset, spec(), 19)(3);
  const augment = { shift: 2, turn: 30 };
  const moved = batchSource(
    dataset,
    spec("training: { augment: { shift: 2, turn: 30 } }"),
    19,
  )(3);
  assertEquals({ ...moved, images: plain.images }, plain);
  augmentImages(plain.images, dataset, randomMotions(16, augment, 7, "augmentation", 3));
  assertEquals(moved.images, plain.images);
});

Deno.test("the equivariance loss only adds motions to a batch", () => {
  const plain = batchSource(dataset, spec(), 19)(18);
  const text = "training: { equivariance: { weight: 1, shift: 2 } }";
  const { motions, ...rest } = batchSource(dataset, spec(text), 19)(18);
  assertEquals({ ...rest, motions: null }, plain);
  assertEquals(motions, randomMotions(12, { shift: 2, turn: 0 }, 7, "equivariance", 18));
});
