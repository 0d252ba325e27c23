import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { channelsLast, tensorOf, testOnEngines } from "../shared/testing.ts";
import { assertClose, formulaUniform, goldenCases } from "../../src/golden/golden.ts";
import { resampleReference } from "../rotate/reference.ts";
import { shift } from "./mod.ts";

for (const { case: name, params, tensors, tolerance } of goldenCases("shift")) {
  testOnEngines(`${name}: equal to scipy.ndimage.shift`, async (engine) => {
    const x = tensorOf(channelsLast(tensors["x"]!)) as tf.Tensor4D;
    const jitted = engine.jit((
      image,
    ) => [shift(image as tf.Tensor4D, params.columns, params.rows)]);
    const moved = shift(x, params.columns, params.rows);
    const [traced] = jitted(x);
    for (const y of [moved, traced!]) {
      assertClose(await y.data(), channelsLast(tensors["y"]!).data, tolerance);
    }
    jitted.dispose();
    tf.dispose([x, moved, traced!]);
  });
}

/** The row and column in the original image for each pixel of the shifted one. */
function shifted([height, width]: [number, number], columns: number, rows: number): Float64Array {
  return Float64Array.from(
    { length: 2 * height * width },
    (_, k) => k % 2 === 0 ? Math.floor(k / 2 / width) - rows : Math.floor(k / 2) % width - columns,
  );
}

Deno.test("shifting equals the reference for random sizes and amounts", async () => {
  await tf.setBackend("cpu");
  const draws = formulaUniform(931, 20);
  ([[8, 8], [5, 9], [1, 4], [2, 2], [64, 40]] as [number, number][]).forEach(
    ([height, width], i) => {
      const columns = 30 * draws[2 * i]!;
      const rows = 30 * draws[2 * i + 1]!;
      const shape: [number, number, number, number] = [2, height, width, 3];
      const values = Float32Array.from(formulaUniform(940 + i, 6 * height * width));
      const expected = resampleReference(values, shape, shifted([height, width], columns, rows));
      assertClose(
        shift(tf.tensor4d(values, shape), columns, rows).dataSync(),
        expected,
        1e-5,
        `${columns}, ${rows}`,
      );
    },
  );
});

testOnEngines(
  "NaN and infinity reach the whole plane of their image and channel and no other, as by the reference",
  async () => {
    for (const special of [NaN, Infinity, -Infinity]) {
      const values = Float32Array.from(formulaUniform(932, 2 * 6 * 5 * 3));
      values[20] = special;
      const x = tf.tensor4d(values, [2, 6, 5, 3]);
      const moved = shift(x, 0.3, -1.4);
      const expected = resampleReference(values, [2, 6, 5, 3], shifted([6, 5], 0.3, -1.4));
      assertEquals(
        Array.from(await moved.data(), Number.isFinite),
        Array.from(expected, Number.isFinite),
      );
      tf.dispose([x, moved]);
    }
  },
);

Deno.test("whole pixels move exactly, to the right and down, and come in on the other side", async () => {
  await tf.setBackend("cpu");
  const x = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]);
  assertClose(shift(x, 1, 0).dataSync(), [3, 1, 2, 6, 4, 5], 1e-6);
  assertClose(shift(x, 0, 1).dataSync(), [4, 5, 6, 1, 2, 3], 1e-6);
  assertThrows(() => shift(x, Infinity, 0), RangeError, "finite");
});
