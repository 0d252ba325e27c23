import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { channelsLast, tensorOf, testOnEngines } from "../shared/testing.ts";
import { assertClose, formulaUniform, goldenCases } from "../../src/golden/golden.ts";
import { applyMap, disposeMap, rotate, rotationCoordinates, rotationMap } from "./mod.ts";
import { resampleReference } from "./reference.ts";

for (const { case: name, params, tensors, tolerance } of goldenCases("rotate")) {
  testOnEngines(`${name}: equal to scipy.ndimage.rotate`, async (engine) => {
    const x = tensorOf(channelsLast(tensors["x"]!)) as tf.Tensor4D;
    const expected = channelsLast(tensors["y"]!).data;
    const turned = rotate(x, params.degrees);
    const map = rotationMap([32, 32], params.degrees);
    const jitted = engine.jit((image, ...mapTensors) => [
      applyMap(image as tf.Tensor4D, { ...map, tensors: mapTensors }),
    ]);
    const [traced] = jitted(x, ...map.tensors);
    assertClose(await turned.data(), expected, tolerance);
    assertClose(await traced!.data(), expected, tolerance, "jitted");
    jitted.dispose();
    disposeMap(map);
    tf.dispose([x, turned, traced!]);
  });
}

testOnEngines(
  "turning equals the reference for random sizes and angles, as a matrix and by taps",
  async () => {
    const draws = formulaUniform(901, 60);
    const sizes: [number, number][] = [
      [8, 8],
      [7, 5],
      [1, 6],
      [2, 3],
      [16, 16],
      [33, 20],
      [56, 56],
      [49, 64],
    ];
    for (const [i, [height, width]] of sizes.entries()) {
      const degrees = 720 * draws[i]!;
      const shape: [number, number, number, number] = [2, height, width, 1 + i % 3];
      const values = Float32Array.from(formulaUniform(910 + i, 2 * height * width * shape[3]));
      const map = rotationMap([height, width], degrees);
      assertEquals(map.kind, height * width <= 48 * 48 ? "dense" : "gather");
      const x = tf.tensor4d(values, shape);
      const turned = applyMap(x, map);
      const expected = resampleReference(
        values,
        shape,
        rotationCoordinates([height, width], degrees),
      );
      assertClose(
        await turned.data(),
        expected,
        1e-5,
        `${height} x ${width} by ${degrees} degrees`,
      );
      disposeMap(map);
      tf.dispose([x, turned]);
    }
  },
);

testOnEngines(
  "NaN and infinity reach the whole plane of their image and channel and no other, as by the reference",
  async () => {
    for (const [height, width] of [[6, 5], [49, 64]] as [number, number][]) {
      for (const special of [NaN, Infinity, -Infinity]) {
        const shape: [number, number, number, number] = [2, height, width, 3];
        const values = Float32Array.from(formulaUniform(923, 6 * height * width));
        values[4 * width] = special;
        const x = tf.tensor4d(values, shape);
        const turned = rotate(x, 17);
        const expected = resampleReference(values, shape, rotationCoordinates([height, width], 17));
        // If the spline's recursion meets infinities of both signs, it gives NaN. A sum of products
        // may stay infinite.
        assertEquals(
          Array.from(await turned.data(), Number.isFinite),
          Array.from(expected, Number.isFinite),
        );
        tf.dispose([x, turned]);
      }
    }
  },
);

Deno.test("a quarter turn moves the first row's last pixel to the first row's start: counter-clockwise as displayed", async () => {
  await tf.setBackend("cpu");
  const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
  assertClose(rotate(x, 90).dataSync(), [3, 6, 9, 2, 5, 8, 1, 4, 7], 1e-6);
  assertClose(rotate(x, 360).dataSync(), x.dataSync(), 1e-6);
});

Deno.test("turning leaks no tensors and refuses what it cannot turn", async () => {
  await tf.setBackend("cpu");
  const x = tf.zeros([1, 4, 4, 3]) as tf.Tensor4D;
  const before = tf.memory().numTensors;
  rotate(x, 12).dispose();
  assertEquals(tf.memory().numTensors, before);
  assertThrows(() => rotate(x, NaN), RangeError, "finite");
  assertThrows(
    () => rotate(tf.zeros([4, 4, 3]) as unknown as tf.Tensor4D, 1),
    TypeError,
    "float32",
  );
  const map = rotationMap([5, 4], 3);
  assertThrows(() => applyMap(x, map), TypeError, "[batch, 5, 4, channels]");
});

Deno.test("the gradient of turning is the transposed turn: <turn x, y> = <x, turn' y>", async () => {
  await tf.setBackend("cpu");
  const x = tf.tensor4d(Float32Array.from(formulaUniform(921, 36)), [1, 6, 6, 1]);
  const y = tf.tensor4d(Float32Array.from(formulaUniform(922, 36)), [1, 6, 6, 1]);
  const map = rotationMap([6, 6], 17);
  const back = tf.grad((image) => applyMap(image as tf.Tensor4D, map).mul(y).sum())(x);
  assertClose(back.mul(x).sum().dataSync(), applyMap(x, map).mul(y).sum().dataSync(), 1e-5);
});
