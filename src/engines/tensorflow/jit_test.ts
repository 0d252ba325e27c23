// Tracing: how often it happens, what it refuses, and the errors of failing operations.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { testOnEngines } from "../../../kernels/shared/testing.ts";
import type { Engine, EngineName } from "../mod.ts";

const traced = (name: string, body: (engine: Engine) => Promise<void>) =>
  testOnEngines(`tracing: ${name}`, body, (engine: EngineName) => engine === "tensorflow");

const values = async (tensor: tf.Tensor | undefined) => [...await tensor!.data()];

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

traced("a jitted function cannot call another one, compiled or not", (engine) => {
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
  "the error of a failing operation names it and the shapes, traced or not",
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

traced("types that an operation does not support are errors, not crashes", async () => {
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

traced("thousands of failing operations leak nothing", (engine) => {
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
