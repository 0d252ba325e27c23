import * as tf from "@tensorflow/tfjs";
import { assertThrows } from "@std/assert";
import { assertClose, formulaUniform, goldenCases, type GoldenTensor } from "../../src/golden/golden.ts";
import { resampleReference } from "../rotate/reference.ts";
import { shift } from "./mod.ts";

await tf.setBackend("cpu");

function nhwc({ shape, data }: GoldenTensor): tf.Tensor4D {
  return tf.tidy(() => tf.tensor(Float32Array.from(data), shape).transpose([0, 2, 3, 1]) as tf.Tensor4D);
}

for (const { case: name, params, tensors, tolerance } of goldenCases("shift")) {
  Deno.test(`${name}: equal to scipy.ndimage.shift`, () => {
    const moved = shift(nhwc(tensors["x"]!), params.columns, params.rows);
    assertClose(moved.dataSync(), nhwc(tensors["y"]!).dataSync(), tolerance);
  });
}

Deno.test("shifting equals the reference for random sizes and amounts", () => {
  const draws = formulaUniform(931, 20);
  ([[8, 8], [5, 9], [1, 4], [2, 2], [64, 40]] as [number, number][]).forEach(([height, width], i) => {
    const columns = 30 * draws[2 * i]!, rows = 30 * draws[2 * i + 1]!;
    const shape: [number, number, number, number] = [2, height, width, 3];
    const values = Float32Array.from(formulaUniform(940 + i, 6 * height * width));
    const coordinates = Float64Array.from(
      { length: 2 * height * width },
      (_, k) => k % 2 === 0 ? Math.floor(k / 2 / width) - rows : Math.floor(k / 2) % width - columns,
    );
    const expected = resampleReference(values, shape, coordinates);
    assertClose(shift(tf.tensor4d(values, shape), columns, rows).dataSync(), expected, 1e-5, `${columns}, ${rows}`);
  });
});

Deno.test("whole pixels move exactly, to the right and down, and come in on the other side", () => {
  const x = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]);
  assertClose(shift(x, 1, 0).dataSync(), [3, 1, 2, 6, 4, 5], 1e-6);
  assertClose(shift(x, 0, 1).dataSync(), [4, 5, 6, 1, 2, 3], 1e-6);
  assertThrows(() => shift(x, Infinity, 0), RangeError, "finite");
});
