import { assert, assertEquals } from "@std/assert";
import { fillBatch, loadDataset } from "./mod.ts";

const ignore = Deno.permissions.querySync({ name: "read" }).state !== "granted";

Deno.test("mnist: ten thousand real digits, in turns (needs --allow-read)", { ignore }, async () => {
  const dataset = await loadDataset({ dataset: "mnist", imageSize: 28, channels: 1 }, { dataRoot: "no such folder" });
  assertEquals([dataset.count, dataset.classes, dataset.images.length], [10_000, 10, 10_000 * 784]);
  assertEquals([...dataset.labels!.subarray(0, 12)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  const perDigit = Array.from({ length: 10 }, (_, d) => dataset.labels!.filter((label) => label === d).length);
  assertEquals(perDigit, [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
  // Ink: a one has the least, a zero the most, which labels in another order would not show.
  const ink = new Float64Array(10);
  for (let n = 0; n < dataset.count; n++) {
    for (let i = 0; i < 784; i++) ink[dataset.labels![n]!]! += dataset.images[n * 784 + i]!;
  }
  const mean = [...ink].map((sum, digit) => sum / perDigit[digit]!);
  assertEquals([mean.indexOf(Math.min(...mean)), mean.indexOf(Math.max(...mean))], [1, 0]);
  // Results hang on these bytes.
  assertEquals(dataset.digest, "7b7b3efd588676b38f3bfe94678d2b280249d57e4c9816359386dca45b4760d9");

  const batch = new Float32Array(2 * 784);
  fillBatch(dataset, [3, 3], batch, [0, 1]);
  assert(batch.every((v) => v >= -1 && v <= 1));
  for (let y = 0; y < 28; y++) {
    for (let x = 0; x < 28; x++) {
      const expected = Math.fround(dataset.images[3 * 784 + y * 28 + x]! / 127.5 - 1);
      assertEquals(batch[y * 28 + x], expected);
      assertEquals(batch[784 + y * 28 + 27 - x], expected);
    }
  }
});

Deno.test("mnist at 16 pixels, limited (needs --allow-read)", { ignore }, async () => {
  const options = { dataRoot: "no such folder" };
  const few = await loadDataset({ dataset: "mnist", imageSize: 16, channels: 1, limit: 50 }, options);
  const grey = await loadDataset({ dataset: "mnist", imageSize: 16, channels: 3, limit: 20 }, options);
  assertEquals([few.count, grey.count], [50, 20]);
  assertEquals([...grey.images], [...few.images.subarray(0, 20 * 256)].flatMap((v) => [v, v, v]));
});
