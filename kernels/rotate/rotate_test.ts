import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { assertClose, formulaUniform, goldenCases, type GoldenTensor } from "../../src/golden/golden.ts";
import { applyMap, disposeMap, rotate, rotationCoordinates, rotationMap } from "./mod.ts";
import { resampleReference } from "./reference.ts";

await tf.setBackend("cpu");

/** A golden NCHW tensor as NHWC. */
function nhwc({ shape, data }: GoldenTensor): tf.Tensor4D {
  return tf.tidy(() => tf.tensor(Float32Array.from(data), shape).transpose([0, 2, 3, 1]) as tf.Tensor4D);
}

for (const { case: name, params, tensors, tolerance } of goldenCases("rotate")) {
  Deno.test(`${name}: equal to scipy.ndimage.rotate`, () => {
    const turned = rotate(nhwc(tensors["x"]!), params.degrees);
    assertClose(turned.dataSync(), nhwc(tensors["y"]!).dataSync(), tolerance);
  });
}

Deno.test("turning equals the reference for random sizes and angles, as a matrix and by taps", () => {
  const draws = formulaUniform(901, 60);
  const sizes: [number, number][] = [[8, 8], [7, 5], [1, 6], [2, 3], [16, 16], [33, 20], [56, 56], [49, 64]];
  sizes.forEach(([height, width], i) => {
    const degrees = 720 * draws[i]!, shape: [number, number, number, number] = [2, height, width, 1 + i % 3];
    const values = Float32Array.from(formulaUniform(910 + i, 2 * height * width * shape[3]));
    const map = rotationMap([height, width], degrees);
    assertEquals(map.kind, height * width <= 48 * 48 ? "dense" : "gather");
    const x = tf.tensor4d(values, shape), turned = applyMap(x, map);
    const expected = resampleReference(values, shape, rotationCoordinates([height, width], degrees));
    assertClose(turned.dataSync(), expected, 1e-5, `${height} x ${width} by ${degrees} degrees`);
    disposeMap(map);
    tf.dispose([x, turned]);
  });
});

Deno.test("a quarter turn moves the first row's last pixel to the first row's start: counter-clockwise as displayed", () => {
  const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
  assertClose(rotate(x, 90).dataSync(), [3, 6, 9, 2, 5, 8, 1, 4, 7], 1e-6);
  assertClose(rotate(x, 360).dataSync(), x.dataSync(), 1e-6);
});

Deno.test("turning leaks no tensors and refuses what it cannot turn", () => {
  const x = tf.zeros([1, 4, 4, 3]) as tf.Tensor4D, before = tf.memory().numTensors;
  rotate(x, 12).dispose();
  assertEquals(tf.memory().numTensors, before);
  assertThrows(() => rotate(x, NaN), RangeError, "finite");
  assertThrows(() => rotate(tf.zeros([4, 4, 3]) as unknown as tf.Tensor4D, 1), TypeError, "float32");
  const map = rotationMap([5, 4], 3);
  assertThrows(() => applyMap(x, map), TypeError, "[batch, 5, 4, channels]");
});

Deno.test("the gradient of turning is the transposed turn: <turn x, y> = <x, turn' y>", () => {
  const x = tf.tensor4d(Float32Array.from(formulaUniform(921, 36)), [1, 6, 6, 1]);
  const y = tf.tensor4d(Float32Array.from(formulaUniform(922, 36)), [1, 6, 6, 1]);
  const map = rotationMap([6, 6], 17);
  const back = tf.grad((image) => applyMap(image as tf.Tensor4D, map).mul(y).sum())(x);
  assertClose(back.mul(x).sum().dataSync(), applyMap(x, map).mul(y).sum().dataSync(), 1e-5);
});
