import { assert, assertEquals } from "@std/assert";
import { collect } from "./collect.ts";
import { fillBatch } from "./dataset.ts";
import { npmDigits, parseDigits } from "./mnist.ts";
import { builtMnistM } from "./mnistm.ts";

const ignore = Deno.permissions.querySync({ name: "read" }).state !== "granted";
const fit = "crop";

Deno.test("parseDigits restores all 256 values, and refuses anything else", () => {
  const parse = (text: string) => parseDigits(new TextEncoder().encode(text));
  const fill = (start: string) =>
    `{ "data": [${start}${",0".repeat(784 - start.split(",").length)}]}`;
  const levels = Array.from({ length: 256 }, (_, v) => `${Number((v / 255).toFixed(3))}`);
  assertEquals([...parse(fill(levels.join(",")))!.subarray(0, 257)], [...levels.keys(), 0]);
  const wrong = [
    "",
    "{}",
    "[",
    "[]",
    "[0,0]",
    fill("1.5"),
    fill("-1"),
    fill("0..1"),
    fill(".5"),
    fill("0 "),
    fill("0,,0"),
  ];
  for (const text of [...wrong, fill("0").slice(0, -2), fill("99999999999")]) {
    assertEquals(parse(text), null, text);
  }
});

Deno.test(
  "mnist: ten thousand real digits, one of each class in turn (needs --allow-read)",
  { ignore },
  async () => {
    const dataset = await collect("mnist", await npmDigits(), { imageSize: 28, channels: 1, fit }, {
      limit: 19_999,
    });
    assertEquals([dataset.count, dataset.classes, dataset.images.length], [
      10_000,
      10,
      10_000 * 784,
    ]);
    assertEquals([...dataset.labels!.subarray(0, 12)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    const perDigit = Array.from(
      { length: 10 },
      (_, d) => dataset.labels!.filter((label) => label === d).length,
    );
    assertEquals(perDigit, [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
    // Ink: a one has the least, a zero the most. With labels in another order this would not hold.
    const ink = new Float64Array(10);
    for (let n = 0; n < dataset.count; n++) {
      for (let i = 0; i < 784; i++) ink[dataset.labels![n]!]! += dataset.images[n * 784 + i]!;
    }
    const mean = [...ink].map((sum, digit) => sum / perDigit[digit]!);
    assertEquals([mean.indexOf(Math.min(...mean)), mean.indexOf(Math.max(...mean))], [1, 0]);
    // Results depend on these bytes.
    assertEquals(
      dataset.digest,
      "7b7b3efd588676b38f3bfe94678d2b280249d57e4c9816359386dca45b4760d9",
    );

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
  },
);

Deno.test(
  "mnist at 16 pixels, limited, and as three channels (needs --allow-read)",
  { ignore },
  async () => {
    const few = await collect("mnist", await npmDigits(), { imageSize: 16, channels: 1, fit }, {
      limit: 50,
    });
    const grey = await collect("mnist", await npmDigits(), { imageSize: 16, channels: 3, fit }, {
      limit: 20,
    });
    assertEquals([few.count, grey.count], [50, 20]);
    assertEquals([...grey.images], [...few.images.subarray(0, 20 * 256)].flatMap((v) => [v, v, v]));
  },
);

Deno.test("the built mnist-m has its pinned digest (needs --allow-read)", { ignore }, async () => {
  const dataset = await collect(
    "mnist-m",
    await builtMnistM(),
    { imageSize: 32, channels: 3, fit },
    { limit: 6000 },
  );
  assertEquals([dataset.count, dataset.classes], [6000, 10]);
  // Results depend on these bytes.
  assertEquals(dataset.digest, "c18b3c74c63ba1d0d3b63cb9c17fe254ed1bdd044c950afacb8bc322e63c020f");
  const digits = await collect("mnist", await npmDigits(), { imageSize: 32, channels: 1, fit }, {
    limit: 100,
  });
  assertEquals([...digits.labels!], [...dataset.labels!.subarray(0, 100)]);
});
