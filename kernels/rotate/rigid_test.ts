import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { testOnEngines } from "../shared/testing.ts";
import { assertClose, formulaUniform } from "../../src/golden/golden.ts";
import { shift } from "../shift/mod.ts";
import { applyInverse, applyMap, disposeMap, type Pose, rigidMap, rotate } from "./mod.ts";
import { shiftTaps } from "./rigid.ts";

type Size = [height: number, width: number];

/** The map's matrix, one row per output pixel. */
function matrixOf([height, width]: Size, pose: Pose): number[][] {
  return tf.tidy(() => {
    const pixels = height * width;
    const map = rigidMap([height, width], pose);
    const columns = applyMap(tf.eye(pixels).reshape([pixels, height, width, 1]), map);
    return columns.reshape([pixels, pixels]).transpose().arraySync() as number[][];
  });
}

Deno.test("every turn and shift is an orthogonal matrix: white noise stays white", async () => {
  await tf.setBackend("cpu");
  const draws = formulaUniform(941, 40);
  const sizes: Size[] = [[8, 8], [5, 5], [6, 6], [1, 1], [8, 6]];
  for (const [i, [height, width]] of sizes.entries()) {
    const pose = {
      degrees: height === width ? 900 * draws[4 * i]! : 40 * draws[4 * i]!,
      columns: 9 * draws[4 * i + 1]!,
      rows: -9 * draws[4 * i + 2]!,
    };
    const matrix = tf.tensor2d(matrixOf([height, width], pose));
    const gram = tf.matMul(matrix, matrix, false, true);
    assertClose(gram.dataSync(), tf.eye(height * width).dataSync(), 2e-6, JSON.stringify(pose));
    tf.dispose([matrix, gram]);
  }
});

testOnEngines("the inverse gives back what was mapped, jitted too", async (engine) => {
  for (const [height, width, channels] of [[8, 8, 3], [16, 16, 1], [7, 9, 2]] as const) {
    const values = Float32Array.from(formulaUniform(951, 2 * height * width * channels));
    const x = tf.tensor4d(values, [2, height, width, channels]);
    const pose = { degrees: height === width ? 137 : 31, columns: 1.3, rows: -2.6 };
    const map = rigidMap([height, width], pose);
    const both = engine.jit((image, ...tensors) => {
      const traced = { ...map, tensors };
      const moved = applyMap(image as tf.Tensor4D, traced);
      return [moved, applyInverse(moved, traced)];
    });
    const [moved, back] = both(x, ...map.tensors);
    assertClose(await back!.data(), values, 5e-6, `${height} x ${width}`);
    await tf.setBackend("cpu");
    const expected = applyMap(x, map);
    assertClose(await moved!.data(), await expected.data(), 5e-6, `${height} x ${width}`);
    await tf.setBackend(engine.name);
    both.dispose();
    disposeMap(map);
    tf.dispose([x, moved!, back!, expected]);
  }
});

Deno.test("whole shifts and quarter turns are those of the splines, without an error", async () => {
  await tf.setBackend("cpu");
  const x = tf.tensor4d(Float32Array.from(formulaUniform(961, 2 * 64 * 3)), [2, 8, 8, 3]);
  for (const [degrees, columns, rows] of [[0, 3, -2], [90, 0, 0], [-270, 9, 0], [180, -1, 4]]) {
    const pose = { degrees: degrees!, columns: columns!, rows: rows! };
    const map = rigidMap([8, 8], pose);
    const expected = shift(rotate(x, pose.degrees), pose.columns, pose.rows);
    assertClose(applyMap(x, map).dataSync(), expected.dataSync(), 2e-6, JSON.stringify(pose));
    disposeMap(map);
  }
});

Deno.test("a smooth image turns and moves as its formula says, as well as by splines", async () => {
  await tf.setBackend("cpu");
  const size = 32;
  /** A round spot of four pixels, and where it is. */
  const spot = (right: number, down: number) =>
    tf.tensor4d(
      Float32Array.from({ length: size * size }, (_, i) => {
        const y = Math.floor(i / size) - (size - 1) / 2 - down;
        const x = i % size - (size - 1) / 2 - right;
        return Math.exp(-(x * x + y * y) / 8);
      }),
      [1, size, size, 1],
    );
  for (const degrees of [10, -44, 46, 80, 225]) {
    const radians = degrees * Math.PI / 180;
    // Counter-clockwise as displayed: from the right upwards.
    const right = 5 * Math.cos(radians) + 1.5;
    const down = -5 * Math.sin(radians) - 0.75;
    const map = rigidMap([size, size], { degrees, columns: 1.5, rows: -0.75 });
    const moved = applyMap(spot(5, 0), map);
    assertClose(moved.dataSync(), spot(right, down).dataSync(), 2e-4, `${degrees} degrees`);
    disposeMap(map);
  }
});

Deno.test("shifts of a line add up, but for the highest frequency", () => {
  const length = 12;
  const both = shiftTaps(length, 0.9);
  const [one, two] = [shiftTaps(length, 0.2), shiftTaps(length, 0.7)];
  // 0.2 and 0.9 of a pixel: the highest frequency changes its sign for 0.7 and for 0.9 alike.
  const twice = Array.from(
    { length },
    (_, at) => one.reduce((sum, value, i) => sum + value * two[(at - i + length) % length]!, 0),
  );
  assertClose(twice, both, 1e-12);
  assertEquals(shiftTaps(1, 0.3), Float64Array.of(1));
  assert(shiftTaps(5, 2).every((value, at) => Math.abs(value - Number(at === 2)) < 1e-15));
});

Deno.test("what cannot be is refused", async () => {
  await tf.setBackend("cpu");
  const still = { degrees: 0, columns: 0, rows: 0 };
  assertThrows(() => rigidMap([8, 8], { ...still, rows: NaN }), RangeError, "finite");
  assertThrows(() => rigidMap([8, 6], { ...still, degrees: 46 }), RangeError, "square");
  const map = rigidMap([4, 4], still);
  const x = tf.zeros([1, 4, 5, 1]) as tf.Tensor4D;
  assertThrows(() => applyInverse(x, map), TypeError, "[batch, 4, 4, channels]");
  const dense = { ...map, kind: "dense" } as const;
  assertThrows(() => applyInverse(tf.zeros([1, 4, 4, 1]), dense), TypeError, "no inverse");
});
