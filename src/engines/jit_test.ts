// What engine.ts promises of `jit`, on each engine without `jit` tests of its own.
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { testOnEngines } from "../../kernels/shared/testing.ts";
import type { Engine, EngineName } from "./mod.ts";

const jitted = (name: string, body: (engine: Engine) => Promise<void>) =>
  testOnEngines(`jit: ${name}`, body, (engine) => engine === "cpu" || engine === "tensorflow");
const traced = (name: string, body: (engine: Engine) => Promise<void>) =>
  testOnEngines(`jit: ${name}`, body, (engine: EngineName) => engine === "tensorflow");

const values = async (tensor: tf.Tensor | undefined) => [...await tensor!.data()];
/** A tensor that the engine has already used. */
const seen = <T extends tf.Tensor>(tensor: T): T => (tf.add(tensor, 0).dispose(), tensor);

jitted("arguments are read anew, and the result is that without jit", async (engine) => {
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
});

jitted(
  "variables are read and assigned at each call, and keep what others assign",
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
  "variables that began as copies of each other are two, from the first call on",
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

jitted("variables can be exchanged", async (engine) => {
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
  "captured tensors, fresh ones too, and numbers in the code are constants",
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
  "one tensor may be two arguments, and results may be arguments, captures, variables and each other",
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

traced("each list of shapes and types is traced once", async (engine) => {
  let traces = 0;
  const run = engine.jit((x) => {
    traces++;
    return [tf.sum(tf.square(x!))];
  });
  assertEquals(await values(run(tf.tensor1d([1, 2]))[0]), [5]);
  assertEquals(await values(run(tf.tensor1d([1, 2, 3]))[0]), [14]);
  assertEquals(await values(run(tf.tensor1d([3, 4]))[0]), [25]);
  assertEquals(await values(run(tf.tensor2d([[1, 2]]))[0]), [5]);
  const [whole] = run(tf.tensor1d([3, 4], "int32"));
  assertEquals([await values(whole), whole!.dtype, traces], [[25], "int32", 4]);
});

traced("a jitted function inside another is refused, known to the engine or not", (engine) => {
  const inner = engine.jit((x) => [x!.add(1)]);
  const outer = engine.jit((x) => inner(x!));
  const x = tf.tensor1d([1]);
  assertThrows(() => outer(x), Error, "was called while another one was being traced");
  inner(x);
  assertThrows(() => outer(x), Error, "was called while another one was being traced");
  assertEquals([...inner(x)[0]!.dataSync()], [2]);
  return Promise.resolve();
});

traced("reading a traced tensor is an error that names its operation and shape", async (engine) => {
  const x = tf.zeros([2, 3]);
  const v = tf.variable(tf.scalar(4));
  const read = engine.jit((x) => {
    v.assign(tf.scalar(5));
    return [tf.scalar(tf.tanh(x!).dataSync()[0]!)];
  });
  const error = assertThrows(() => read(x), Error, "being traced") as Error;
  assert(/Tanh \[2,3\]/.test(error.message), error.message);
  assertThrows(
    () => engine.jit((x) => [tf.scalar(x!.dataSync()[0]!)])(x),
    Error,
    "an argument [2,3]",
  );
  let reading = Promise.resolve<unknown>(null);
  engine.jit((x) => (reading = tf.tanh(x!).data(), [x!]))(x);
  await assertRejects(() => reading, Error, "Tanh [2,3]");
  // Assignments of the failed function are undone, and the engine still works.
  assertEquals(await values(v), [4]);
  assertEquals(await values(engine.jit((x) => [x!.sum()])(x)[0]), [0]);
});

/** A product whose shapes tfjs itself would reject before the engine sees it. */
const product = (a: tf.Tensor, b: tf.Tensor) =>
  tf.engine().runKernel(tf.BatchMatMul, { a, b }, {
    transposeA: false,
    transposeB: false,
  }) as tf.Tensor;

traced(
  "an operation that fails is an error that names it and the shapes, traced or not",
  async (engine) => {
    const a = tf.zeros([1, 2, 3]);
    const b = tf.zeros([1, 4, 5]);
    const whole = tf.ones([1, 3, 2], "int32");
    const named = (error: Error, ...words: RegExp[]) => {
      for (const word of words) assert(word.test(error.message), error.message);
    };
    const shapes = /MatMul\w*\(\[1,2,3\], \[1,4,5\]\)/;
    named(
      assertThrows(() => product(a, b), Error),
      shapes,
      /incompatible|Dimensions must be equal/,
    );
    named(
      assertThrows(() => engine.jit((a, b) => [product(a!, b!)])(a, b), Error),
      shapes,
      /must be equal/,
    );
    const types = /MatMul\w*\(.*(float|int32)/is;
    named(assertThrows(() => product(a, whole), Error), types);
    named(assertThrows(() => engine.jit((a, b) => [product(a!, b!)])(a, whole), Error), types);
    // Errors that only occur at run time: an index out of range, or a check of values.
    const inner = engine.jit((x) => [tf.tidy(() => tf.gather(x!, tf.tensor1d([5], "int32")))]);
    named(assertThrows(() => inner(tf.zeros([2])), Error), /Gather/, /5/);
    assertEquals(await values(product(a, tf.ones([1, 3, 1]))), [0, 0]);
  },
);

traced("types that an operation does not have are errors, and nothing crashes", async () => {
  const text = tf.tensor1d(["a", "b"]);
  const complex = tf.complex([1], [2]);
  const flags = tf.tensor1d([true, false], "bool");
  const whole = tf.tensor1d([1, 2], "int32");
  const real = tf.tensor1d([1, 2]);
  const run = (name: string, inputs: Record<string, tf.Tensor>, attrs = {}) =>
    tf.engine().runKernel(name, inputs, attrs);
  assertThrows(() => run(tf.Tanh, { x: text }), Error);
  assertThrows(() => run(tf.Tanh, { x: flags }), Error, "Tanh");
  assertThrows(() => run(tf.Sqrt, { x: whole }), Error, "Sqrt");
  assertThrows(() => run(tf.Add, { a: whole, b: real }), Error, "Add");
  assertThrows(() => run(tf.Floor, { x: complex }), Error, "Floor");
  assertEquals(await values(flags), [1, 0]);
  assertEquals(await values(tf.add(whole, 1)), [2, 3]);
});

traced("thousands of failing operations leave nothing behind", (engine) => {
  const a = tf.zeros([1, 2, 3]);
  const b = tf.zeros([1, 4, 5]);
  const fails = engine.jit((a, b) => [product(tf.tanh(a!), b!)]);
  assertThrows(() => product(a, b), Error);
  assertThrows(() => fails(a, b), Error);
  const before = tf.memory();
  for (let i = 0; i < 1000; i++) {
    assertThrows(() => product(a, b), Error);
    assertThrows(() => tf.tidy(() => product(tf.add(a, i), b)), Error);
    if (i % 4 === 0) assertThrows(() => fails(a, b), Error);
  }
  const after = tf.memory();
  assertEquals([after.numTensors, after.numDataBuffers], [
    before.numTensors,
    before.numDataBuffers,
  ]);
  assertEquals([...tf.add(a, 1).dataSync()], [1, 1, 1, 1, 1, 1]);
  return Promise.resolve();
});

jitted("operations with lists of inputs or of outputs", async (engine) => {
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
  "gradients are made inside, and no arguments, no results and no elements are allowed",
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

jitted("a disposed function can be called again, and disposing frees what it kept", (engine) => {
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
