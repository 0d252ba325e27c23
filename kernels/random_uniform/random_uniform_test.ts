import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { philox4x32 } from "../random_normal/philox.ts";
import { rank1 } from "../shared/ranks.ts";
import { random, testOnEngines, trains } from "../shared/testing.ts";
import { randomUniform } from "./mod.ts";
import { uniformNumbers } from "./reference.ts";

const int32 = (values: number[]) => tf.tensor1d(Int32Array.from(values), "int32");

Deno.test("randomUniform: the numbers are the upper bits of Philox's words", () => {
  const [key, counter] = [[7, 9], [5, 0, 3, 0]];
  const words = [...philox4x32(counter, key), ...philox4x32([6, 0, 3, 0], key)];
  const expected = words.map((word) => Math.floor(word / 256) / 2 ** 24);
  assertEquals([...uniformNumbers(8, key, counter)], expected);
  assertEquals([...uniformNumbers(6, key, counter)], expected.slice(0, 6));
});

Deno.test("randomUniform: the distribution is uniform, by Kolmogorov and Smirnov's test", () => {
  const count = 100_000;
  const sorted = uniformNumbers(count, [42, 10], [0, 0, 0, 0]).sort();
  assert(sorted[0]! >= 0 && sorted.at(-1)! < 1);
  const distance = Math.max(...sorted.map((x, i) => Math.abs(x - (i + 0.5) / count)));
  // Significance level 0.1 %.
  assert(distance * Math.sqrt(count) < 1.95, `${distance * Math.sqrt(count)}`);
});

testOnEngines("randomUniform: the reference's bits for any shape, key and counter", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const draw = random(seed);
  const word = () => draw.integer(0, 2 ** 32 - 1) | 0;
  for (const shape of [[1], [3], [4], [2, 3, 5, 1], [draw.integer(1, 5000)], [3, 8, 8, 3]]) {
    const key = [word(), word()];
    const counter = draw.uniform() < 0.3
      ? [-1, -1, word(), word()]
      : [word(), word(), word(), word()];
    const result = tf.tidy(() => randomUniform(shape as [number], int32(key), int32(counter)));
    const expected = uniformNumbers(tf.util.sizeFromShape(shape), key, counter);
    assertEquals(result.shape, shape);
    assertEquals([...await result.data()], [...expected], `seed ${seed}, [${shape}], ${counter}`);
    result.dispose();
  }
}, trains);

testOnEngines("randomUniform: a jitted function draws anew for each counter", async (engine) => {
  const run = engine.jit((key, counter) => [
    randomUniform([2, 6], rank1(key), rank1(counter)),
  ]);
  const draw = async (
    step: number,
  ) => [...await run(int32([1, 4]), int32([0, 0, step, 0]))[0]!.data()];
  const first = await draw(0);
  assert((await draw(1)).every((value, i) => value !== first[i]));
  assertEquals(await draw(0), first);
  run.dispose();
}, trains);

Deno.test("randomUniform: another shape or type is refused", async () => {
  await tf.setBackend("cpu");
  const [key, counter] = [int32([1, 2]), int32([0, 0, 0, 0])];
  assertThrows(() => randomUniform([4], counter, counter), TypeError, "randomUniform: key must be");
  assertThrows(() => randomUniform([0], key, counter), RangeError, "must not be empty");
});
