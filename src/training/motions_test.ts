import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { random } from "../../kernels/shared/testing.ts";
import { movedImage } from "../../kernels/rotate/mod.ts";
import { augmentImages, randomMotions } from "./motions.ts";

Deno.test("random motions are uniform in their range", () => {
  const range = { shift: 3, turn: 40 };
  const motions = randomMotions(4000, range, 7, "augmentation", 5);
  for (const [field, max] of [["columns", 3], ["rows", 3], ["degrees", 40]] as const) {
    const values = motions.map((motion) => motion[field] / max);
    assert(values.every((value) => Math.abs(value) < 1), field);
    // Five standard deviations of the mean and of the variance of a uniform number.
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
    assert(Math.abs(mean) < 5 * Math.sqrt(1 / 3 / 4000), `${field}: mean ${mean}`);
    assert(Math.abs(variance - 1 / 3) < 5 * Math.sqrt(4 / 45 / 4000), `${field}: ${variance}`);
  }
});

Deno.test("the random motion of each image depends only on seed, purpose and step", () => {
  const range = { shift: 3, turn: 40 };
  const drawn = randomMotions(5, range, 7, "augmentation", 5);
  assertEquals(randomMotions(3, range, 7, "augmentation", 5), drawn.slice(0, 3));
  const others = [
    randomMotions(5, range, 8, "augmentation", 5),
    randomMotions(5, range, 7, "equivariance", 5),
    randomMotions(5, range, 7, "augmentation", 6),
    randomMotions(5, range, 7, "augmentation", 2 ** 32 + 5),
  ];
  for (const other of others) {
    other.forEach((motion, i) => assertNotEquals(motion.columns, drawn[i]!.columns));
  }
  const still = randomMotions(2, { shift: 0, turn: 0 }, 7, "augmentation", 5);
  assert(still.every(({ columns, rows, degrees }) => !columns && !rows && !degrees));
});

Deno.test("augmentation moves each image by its own motion, in place", () => {
  const { data } = random(3).values([2, 8, 8, 3]);
  const images = Float32Array.from(data);
  const motions = [{ columns: 1.5, rows: 0, degrees: 30 }, { columns: 0, rows: -2, degrees: 0 }];
  augmentImages(images, { imageSize: 8, channels: 3 }, motions);
  motions.forEach((motion, i) => {
    const expected = movedImage(data.subarray(192 * i, 192 * (i + 1)), 8, 3, motion);
    assertEquals(images.subarray(192 * i, 192 * (i + 1)), Float32Array.from(expected));
  });
});
