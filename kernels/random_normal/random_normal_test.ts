import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { assertClose } from "../../src/golden/golden.ts";
import { erf } from "../gelu/erf.ts";
import { random, testOnEngines } from "../shared/testing.ts";
import { randomNormal } from "./mod.ts";
import { philox4x32, philoxKey, purposes } from "./philox.ts";
import { normalNumbers } from "./reference.ts";

const count = 200_000;
const numbers = normalNumbers(count, philoxKey(42, "evaluation"), [0, 0, 0, 0]);
const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;

Deno.test("randomNormal: moments are those of a standard normal", () => {
  // Five standard deviations of each moment's estimate.
  const moment = (power: number) => mean(numbers.map((x) => x ** power));
  const [first, second, third, fourth] = [1, 2, 3, 4].map(moment) as [
    number,
    number,
    number,
    number,
  ];
  const deviation = (variance: number) => 5 * Math.sqrt(variance / count);
  assert(Math.abs(first) < deviation(1), `mean ${first}`);
  assert(Math.abs(second - 1) < deviation(2), `variance ${second}`);
  assert(Math.abs(third) < deviation(15), `third moment ${third}`);
  assert(Math.abs(fourth - 3) < deviation(96), `fourth moment ${fourth}`);
});

Deno.test("randomNormal: the distribution is normal, by Kolmogorov and Smirnov's test", () => {
  const sorted = Float64Array.from(numbers).sort();
  let distance = 0;
  sorted.forEach((x, i) => {
    const expected = (1 + erf(x / Math.SQRT2)) / 2;
    distance = Math.max(
      distance,
      Math.abs(expected - i / count),
      Math.abs(expected - (i + 1) / count),
    );
  });
  // Significance level 0.1 %.
  assert(distance * Math.sqrt(count) < 1.95, `${distance * Math.sqrt(count)}`);
});

Deno.test("randomNormal: neighbours, keys and purposes do not depend on each other", () => {
  const correlation = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    mean(Array.from(a, (x, i) => x * b[i]!)) * Math.sqrt(a.length);
  const part = 50_000;
  const one = numbers.subarray(0, part);
  for (const lag of [1, 2, 3, 4, 5, 8, 64]) {
    const z = correlation(one, numbers.subarray(lag, part + lag));
    assert(Math.abs(z) < 5, `lag ${lag}: ${z}`);
    const squares = correlation(
      one.map((x) => (x * x - 1) / Math.SQRT2),
      numbers.subarray(lag, part + lag).map((x) => (x * x - 1) / Math.SQRT2),
    );
    assert(Math.abs(squares) < 5, `squares, lag ${lag}: ${squares}`);
  }
  const others = [
    normalNumbers(part, philoxKey(43, "evaluation"), [0, 0, 0, 0]),
    normalNumbers(part, philoxKey(42, "label"), [0, 0, 0, 0]),
  ];
  for (const other of others) assert(Math.abs(correlation(one, other)) < 5);
});

Deno.test("randomNormal: the numbers are Box and Muller's of Philox's words", () => {
  const key = [7, 9];
  const counter = [5, 0, 3, 0];
  const [a, b, c, d] = philox4x32(counter, key);
  const pair = (first: number, second: number) => {
    const radius = Math.sqrt(-2 * Math.log(((first >>> 8) + 0.5) / 2 ** 24));
    const angle = 2 * Math.PI * (second >>> 8) / 2 ** 24;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  };
  assertClose(normalNumbers(4, key, counter), [...pair(a!, b!), ...pair(c!, d!)], 1e-15);
});

Deno.test("randomNormal: a counter carries over into its higher words", () => {
  const key = [1, 2];
  const largest = 0xffffffff;
  const across = normalNumbers(12, key, [largest, largest, 4, 0]);
  assertEquals(across.subarray(4), normalNumbers(8, key, [0, 0, 5, 0]));
  assertEquals(
    normalNumbers(8, key, [largest, largest, largest, largest]).subarray(4),
    normalNumbers(4, key, [0, 0, 0, 0]),
  );
  // The same counter as int32 tensors hold it.
  assertEquals(normalNumbers(4, key, [-1, -1, 4, 0]), across.subarray(0, 4));
});

Deno.test("the numbers of the purposes are what they were: results depend on them", () => {
  const known = {
    initializer: 1,
    shuffle: 2,
    timestep: 3,
    trainingNoise: 4,
    samplingStart: 5,
    samplingStep: 6,
    label: 7,
  };
  const joined = { flip: 8, datasetCrop: 9, evaluation: 10 };
  const training = { augmentation: 11, equivariance: 12, dropout: 13 };
  for (const [name, number] of Object.entries({ ...known, ...joined, ...training })) {
    assertEquals(purposes[name as keyof typeof purposes], number);
  }
  assertEquals(new Set(Object.values(purposes)).size, Object.keys(purposes).length);
  assertEquals(philoxKey(-1, "flip"), [0xffffffff, 8]);
});

const int32 = (values: number[]) => tf.tensor1d(Int32Array.from(values), "int32");

testOnEngines("randomNormal: equals the reference for any shape, key and counter", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const draw = random(seed);
  const word = () => draw.integer(0, 2 ** 32 - 1) | 0;
  const shapes = [[1], [2], [3], [4], [5], [2, 3, 5, 1], [1, 1, 7], [draw.integer(1, 5000)], [
    3,
    8,
    8,
    3,
  ]];
  for (const shape of shapes) {
    const key = [word(), word()];
    const counter = draw.uniform() < 0.3
      ? [-1, -1, word(), word()]
      : [word(), word(), word(), word()];
    const result = tf.tidy(() => randomNormal(shape as [number], int32(key), int32(counter)));
    const expected = normalNumbers(tf.util.sizeFromShape(shape), key, counter);
    assertEquals(result.shape, shape);
    assertClose(
      await result.data(),
      expected,
      3e-6,
      `seed ${seed}, [${shape}], counter ${counter}`,
    );
    result.dispose();
  }
});

testOnEngines("randomNormal: images drawn in parts are the images drawn together", async () => {
  const blocks = 8 * 8 * 3 / 4;
  const key = int32([3, 5]);
  const images = async (first: number, size: number) => {
    const drawn = tf.tidy(() =>
      randomNormal([size, 8, 8, 3], key, int32([first * blocks, 0, 17, 0]))
    );
    const values = [...await drawn.data()];
    drawn.dispose();
    return values;
  };
  const together = await images(0, 7);
  assertEquals([...await images(0, 3), ...await images(3, 1), ...await images(4, 3)], together);
});

testOnEngines(
  "randomNormal: a jitted function draws anew for each counter, and the same for the same",
  async (engine) => {
    const run = engine.jit((
      key,
      counter,
    ) => [randomNormal([2, 6], key as tf.Tensor1D, counter as tf.Tensor1D)]);
    const draw = async (
      seed: number,
      step: number,
    ) => [...await run(int32([seed, 4]), int32([0, 0, step, 0]))[0]!.data()];
    const first = await draw(1, 0);
    assertNotEquals(await draw(1, 1), first);
    assertNotEquals(await draw(2, 0), first);
    assertEquals(await draw(1, 0), first);
  },
);

testOnEngines("randomNormal: other types and shapes of key and counter are refused", () => {
  const key = int32([1, 2]);
  const counter = int32([0, 0, 0, 0]);
  assertThrows(
    () => randomNormal([4], counter, counter),
    TypeError,
    "key must be int32 [2], got int32 [4]",
  );
  assertThrows(() => randomNormal([4], key, key), TypeError, "counter must be int32 [4]");
  assertThrows(() => randomNormal([4], tf.tensor1d([1, 2]), counter), TypeError, "got float32");
  return Promise.resolve();
}, (engine) => engine !== "webgpu");
