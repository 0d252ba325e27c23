// What engine.ts promises of `jit`, on each engine without `jit` tests of its own.
import { assertEquals, assertNotEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { testOnEngines } from "../../kernels/shared/testing.ts";
import type { Engine } from "./mod.ts";

const jitted = (name: string, body: (engine: Engine) => Promise<void>) =>
  testOnEngines(`jit: ${name}`, body, (engine) => engine === "cpu" || engine === "tensorflow");

const values = async (tensor: tf.Tensor | undefined) => [...await tensor!.data()];
/** A tensor that the engine has already used. */
const seen = <T extends tf.Tensor>(tensor: T): T => (tf.add(tensor, 0).dispose(), tensor);

jitted(
  "a jitted function equals the plain one, and reads its arguments at each call",
  async (engine) => {
    const w = tf.tensor2d([[1, 2], [3, 4]]);
    const fn = (x: tf.Tensor) => [tf.matMul(x as tf.Tensor2D, w).add(1).tanh(), x.mul(2)];
    const run = engine.jit((x) => fn(x!));
    for (const numbers of [[1, 2], [-0.5, 0.25], [0, 3]]) {
      const x = tf.tensor2d([numbers]);
      const [a, b] = fn(x);
      const [c, d] = run(x);
      assertEquals([await values(c), await values(d)], [await values(a), await values(b)]);
    }
    run.dispose();
  },
);

jitted(
  "variables are read and assigned at each call, and assignments between calls count",
  async (engine) => {
    const v = tf.variable(tf.tensor1d([1, 2]));
    const sum = tf.variable(tf.tensor1d([0, 0]));
    const step = engine.jit((x) => {
      v.assign(v.mul(x!));
      sum.assign(sum.add(v));
      return [v.sub(1)];
    });
    assertEquals(await values(step(tf.scalar(2))[0]), [1, 3]);
    assertEquals([await values(v), await values(sum)], [[2, 4], [2, 4]]);
    step(tf.scalar(3));
    assertEquals([await values(v), await values(sum)], [[6, 12], [8, 16]]);
    v.assign(tf.tensor1d([10, 20]));
    const double = engine.jit(() => [v.mul(2)]);
    assertEquals(await values(double()[0]), [20, 40]);
    const before = v.clone();
    step(tf.scalar(-1));
    assertEquals([await values(v), await values(before), await values(double()[0])], [[-10, -20], [
      10,
      20,
    ], [-20, -40]]);
  },
);

jitted(
  "variables that began as copies of each other are independent from the first call on",
  async (engine) => {
    const weight = tf.variable(tf.tensor1d([1, 2]));
    const average = tf.variable(weight.clone());
    const other = tf.variable(weight);
    const step = engine.jit((x) => {
      weight.assign(weight.add(x!));
      average.assign(average.mul(0.5).add(weight.mul(0.5)));
      return [weight.add(0), other.add(0)];
    });
    const results = [];
    for (let i = 0; i < 3; i++) results.push(await Promise.all(step(tf.scalar(2)).map(values)));
    assertEquals(results, [[[3, 4], [1, 2]], [[5, 6], [1, 2]], [[7, 8], [1, 2]]]);
    assertEquals(await values(average), [5.25, 6.25]); // 1 -> 2 -> 3.5 -> 5.25
  },
);

jitted("variables can be swapped", async (engine) => {
  const a = tf.variable(tf.tensor1d([1, 2]));
  const b = tf.variable(tf.tensor1d([5, 6]));
  const step = engine.jit(() => {
    const old = a.clone();
    a.assign(b.clone());
    b.assign(old);
    return [];
  });
  step();
  assertEquals([await values(a), await values(b)], [[5, 6], [1, 2]]);
  step();
  assertEquals([await values(a), await values(b)], [[1, 2], [5, 6]]);
});

jitted(
  "captured tensors, new ones included, and numbers in the code are constants",
  async (engine) => {
    const old = seen(tf.tensor1d([1, 2]));
    const fresh = tf.tensor1d([10, 20]);
    const run = engine.jit((x) => [x!.add(old).add(fresh).add(100).add(tf.tensor1d([1000, 2000]))]);
    assertEquals(await values(run(tf.scalar(0))[0]), [1111, 2122]);
    assertEquals(await values(run(tf.scalar(1))[0]), [1112, 2123]);
    assertEquals([await values(old), await values(fresh)], [[1, 2], [10, 20]]);
  },
);

jitted(
  "a tensor can be several arguments, and a result can be any tensor, also twice",
  async (engine) => {
    const captured = seen(tf.tensor1d([7]));
    const v = tf.variable(tf.tensor1d([3]));
    const run = engine.jit((x, y) => {
      const sum = tf.add(x!, y!);
      return [x!, y!, sum, sum, captured, v];
    });
    for (const number of [1, 2]) {
      const x = tf.tensor1d([number]);
      const results = run(x, x);
      const expected = [[number], [number], [2 * number], [2 * number], [7], [3]];
      assertEquals(await Promise.all(results.map(values)), expected);
      // The caller owns results and arguments separately.
      results[0]!.dispose();
      results[2]!.dispose();
      results[4]!.dispose();
      results[5]!.dispose();
      const left = [results[1], results[3], x, captured, v];
      assertEquals(await Promise.all(left.map(values)), [[number], [2 * number], [number], [7], [
        3,
      ]]);
    }
  },
);

jitted("operations may have lists of inputs or outputs", async (engine) => {
  const x = tf.tensor2d([[1, 2, 3], [4, 5, 6]]);
  const y = tf.tensor2d([[7, 8, 9], [10, 11, 12]]);
  const fn = (x: tf.Tensor2D, y: tf.Tensor2D) => [
    tf.concat([x, y, x], 1),
    tf.stack([x, y], 1),
    tf.addN([x, y, x]),
    tf.einsum("ij,kj->ik", x, y),
    ...tf.split(x, [1, 2], 1),
    ...tf.unstack(y, 1),
    tf.meshgrid(tf.tensor1d([1, 2]), tf.tensor1d([3, 4]))[1]!,
    tf.topk(x, 2).values,
    tf.moments(x, 1).variance,
    tf.pad2d(x, [[1, 0], [0, 1]]),
    tf.where(tf.greater(x, 2), x, y),
  ];
  const plain = fn(x, y);
  const results = engine.jit((x, y) => fn(x as tf.Tensor2D, y as tf.Tensor2D))(x, y);
  for (const [i, result] of results.entries()) {
    assertEquals(
      [result.shape, await values(result)],
      [plain[i]!.shape, await values(plain[i])],
      `result ${i}`,
    );
  }
  assertEquals(await values(results[3]), [50, 68, 122, 167]);
});

jitted(
  "gradients can be computed inside; arguments, results and tensors can be empty",
  async (engine) => {
    const w = tf.variable(tf.tensor1d([1, -2]));
    const step = engine.jit((x) => {
      const { value, grads } = tf.variableGrads(
        () => tf.sum(tf.square(tf.mul(w, x!))) as tf.Scalar,
        [w],
      );
      w.assign(tf.sub(w, tf.mul(0.1, grads[w.name]!)) as tf.Tensor1D);
      return [value];
    });
    assertEquals(await values(step(tf.scalar(1))[0]), [5]);
    const after = await values(w);
    assertEquals(after.map((value) => Math.round(value * 1e6) / 1e6), [0.8, -1.6]);
    const count = engine.jit(() => {
      w.assign(tf.add(w, 1) as tf.Tensor1D);
      return [];
    });
    assertEquals([count(), count()], [[], []]);
    assertNotEquals(await values(w), after);
    const [empty] = engine.jit((x) => [tf.concat([x!, x!])])(tf.zeros([0, 3]));
    assertEquals([empty!.shape, await values(empty)], [[0, 3], []]);
  },
);

jitted("a disposed function can be called again, and disposing frees what it held", (engine) => {
  const captured = seen(tf.tensor1d([1, 2]));
  const before = tf.memory().numTensors;
  const run = engine.jit((x) => [tf.add(x!, captured)]);
  const x = tf.tensor1d([1, 1]);
  for (let i = 0; i < 3; i++) {
    const [sum] = run(x);
    assertEquals([...sum!.dataSync()], [2, 3]);
    sum!.dispose();
    run.dispose();
  }
  x.dispose();
  assertEquals(tf.memory().numTensors, before);
  return Promise.resolve();
});
