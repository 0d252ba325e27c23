import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { withStockKernels } from "./replacements/replace.ts";
import type { Backend } from "./backend.ts";
import { openWebGpu, probeWebGpu, type WebGpuEngine } from "./mod.ts";

const probe = await probeWebGpu();
const why = probe.available
  ? ""
  : " (NOTHING TESTED: no GPU, and no software GPU such as mesa-vulkan-drivers)";
let opened: Promise<WebGpuEngine> | null = null;

function gpuTest(name: string, run: (engine: WebGpuEngine) => Promise<void>): void {
  Deno.test({
    name: `webgpu: ${name}${why}`,
    ignore: !probe.available,
    sanitizeOps: false, // The device outlives the test.
    sanitizeResources: false,
    fn: async () => {
      const engine = await (opened ??= openWebGpu({ software: true }));
      await tf.setBackend("webgpu");
      await run(engine);
    },
  });
}

const values = async (tensor: tf.Tensor | undefined) => [...await tensor!.data()];

gpuTest(
  "a jitted function equals the plain one, and reads its arguments at each call",
  async (engine) => {
    const w = tf.tensor2d([[1, 2], [3, 4]]);
    const fn = (x: tf.Tensor) => [tf.matMul(x as tf.Tensor2D, w).add(1).tanh(), x.mul(2)];
    const jitted = engine.jit((x) => fn(x!));
    for (const numbers of [[1, 2], [-0.5, 0.25], [0, 3]]) {
      const x = tf.tensor2d([numbers]);
      const [a, b] = fn(x);
      const [c, d] = jitted(x);
      assertEquals(await values(c), await values(a));
      assertEquals(await values(d), await values(b));
    }
    assertEquals(jitted.statistics()!.dispatches, 4);
    jitted.dispose();
  },
);

gpuTest("a new shape is recorded anew", async (engine) => {
  const jitted = engine.jit((x) => [x!.square().sum()]);
  assertEquals(await values(jitted(tf.tensor1d([1, 2]))[0]), [5]);
  assertEquals(await values(jitted(tf.tensor1d([1, 2, 3]))[0]), [14]);
  assertEquals(await values(jitted(tf.tensor1d([3, 4]))[0]), [25]);
});

gpuTest(
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
    assertEquals(await values(v), [2, 4]);
    assertEquals(await values(sum), [2, 4]);
    step(tf.scalar(3));
    assertEquals(await values(v), [6, 12]);
    assertEquals(await values(sum), [8, 16]);
    v.assign(tf.tensor1d([10, 20]));
    const double = engine.jit(() => [v.mul(2)]);
    assertEquals(await values(double()[0]), [20, 40]);
    const before = v.clone();
    step(tf.scalar(-1));
    assertEquals(await values(v), [-10, -20]);
    assertEquals(await values(before), [10, 20]);
    assertEquals(await values(double()[0]), [-20, -40]);
    assertEquals(await values(sum), [-2, -4]);
  },
);

gpuTest(
  "small variables that were never on the GPU are read and assigned at each call, too",
  async (engine) => {
    // tfjs computes such operations on the CPU; their results must not be recorded.
    const v = tf.variable(tf.tensor1d([1, 2]));
    const w = tf.variable(tf.tensor1d([3, 4]));
    const factor = tf.tensor1d([2, 3]);
    const step = engine.jit(() => {
      const results = [
        v.mul(factor),
        v.neg(),
        tf.cast(v, "int32"),
        tf.slice(v, [1], [1]),
        tf.max(v),
        tf.tile(v, [2]),
      ];
      const [mean] = [tf.mean(v), v.assign(v.add(w)), w.assign(w.sub(1))];
      return [...results, mean];
    });
    for (const [a, b] of [[1, 2], [4, 6], [6, 9]] as const) {
      const results = await Promise.all(step().map(values));
      assertEquals(results, [[2 * a, 3 * b], [-a, -b], [a, b], [b], [b], [a, b, a, b], [
        (a + b) / 2,
      ]]);
    }
    assertEquals([await values(v), await values(w)], [[7, 11], [0, 1]]);
  },
);

gpuTest(
  "variables that share their first value become independent, and can be swapped",
  async (engine) => {
    const a = tf.variable(tf.tensor1d([1, 2]));
    const b = tf.variable(a);
    const c = tf.variable(tf.tensor1d([5, 6]));
    const step = engine.jit(() => {
      const old = a.clone();
      a.assign(c.clone() as tf.Tensor1D);
      c.assign(old as tf.Tensor1D);
      return [b.add(0)];
    });
    assertEquals(await values(step()[0]), [1, 2]);
    assertEquals([await values(a), await values(b), await values(c)], [[5, 6], [1, 2], [1, 2]]);
    step();
    assertEquals([await values(a), await values(b), await values(c)], [[1, 2], [1, 2], [5, 6]]);
  },
);

gpuTest(
  "a small network learns the same bytes with and without jit, and leaks nothing",
  async (engine) => {
    const train = async (jitted: boolean) => {
      const w1 = tf.variable(
        tf.tensor2d(Array.from({ length: 32 }, (_, i) => Math.sin(3 * i)), [4, 8]),
      );
      const w2 = tf.variable(
        tf.tensor2d(Array.from({ length: 8 }, (_, i) => Math.cos(5 * i)), [8, 1]),
      );
      const fn = (x: tf.Tensor, y: tf.Tensor) => {
        const loss = () =>
          tf.matMul(tf.matMul(x as tf.Tensor2D, w1).tanh(), w2).sub(y).square().mean() as tf.Scalar;
        const { value, grads } = tf.variableGrads(loss, [w1, w2]);
        for (const w of [w1, w2]) w.assign(w.sub(grads[w.name]!.mul(0.1)));
        return [value];
      };
      const step = jitted
        ? engine.jit((x, y) => fn(x!, y!))
        : (x: tf.Tensor, y: tf.Tensor) => tf.tidy(() => fn(x, y));
      const losses: number[] = [];
      const tensors: number[] = [];
      for (let i = 0; i < 6; i++) {
        const x = tf.tensor2d(Array.from({ length: 12 }, (_, k) => Math.sin(i + k * k)), [3, 4]);
        const y = tf.tidy(() => x.sum(1, true).tanh());
        const [loss] = step(x, y);
        losses.push(...await values(loss));
        tf.dispose([x, y, loss!]);
        tensors.push(tf.memory().numTensors);
      }
      assertEquals(tensors[1], tensors.at(-1));
      return [...losses, ...await values(w1), ...await values(w2)];
    };
    const plain = await train(false);
    const jitted = await train(true);
    assertEquals(jitted, plain);
    assertEquals(await train(true), jitted);
    assert(jitted[5]! < jitted[0]!);
    assertAlmostEquals(plain[0]!, jitted[0]!);
  },
);

gpuTest(
  "a replay in several submits gives the same bytes as one submit, copies included",
  async (engine) => {
    const { gpu, device: { queue } } = tf.backend() as unknown as Backend;
    const asOpened = gpu.commandsPerSubmit;
    const submit = queue.submit;
    const results = async (commandsPerSubmit: number) => {
      gpu.commandsPerSubmit = commandsPerSubmit;
      const a = tf.variable(tf.tensor1d([1, 2]));
      const b = tf.variable(tf.tensor1d([0.3, 0.7]));
      const step = engine.jit((x) => {
        let y = x!;
        for (let i = 0; i < 50; i++) y = y.mul(a).tanh().add(b);
        const old = a.clone(); // Swapped by copies, after all dispatches.
        a.assign(b.clone() as tf.Tensor1D);
        b.assign(old as tf.Tensor1D);
        return [y, y.sub(a)];
      });
      const found: number[][] = [];
      let submits = 0;
      for (let i = 0; i < 3; i++) {
        // It is on the GPU, so it is copied before the first dispatch.
        const x = tf.tensor1d([i, -i]).add(0.1);
        engine.jit((x) => [x!.neg()])(x); // This submits the pending work.
        queue.submit = (buffers) => (submits++, submit.call(queue, buffers));
        const outputs = step(x);
        queue.submit = submit;
        found.push(...await Promise.all([...outputs, a, b].map(values)));
      }
      const { dispatches, copies } = step.statistics()!;
      step.dispose();
      return { found, submits, commands: dispatches + copies };
    };
    try {
      const { found, submits, commands } = await results(Infinity);
      assertEquals(submits, 3);
      for (const commandsPerSubmit of [64, 7, 1]) {
        const pieces = await results(commandsPerSubmit);
        assertEquals(pieces.found, found);
        assertEquals(pieces.submits, 3 * Math.ceil(commands / commandsPerSubmit));
      }
      assert(commands > 150);
    } finally {
      gpu.commandsPerSubmit = asOpened;
      queue.submit = submit;
    }
  },
);

gpuTest("reading data inside a jitted function is an error", async (engine) => {
  assertThrows(
    () => engine.jit((x) => [x!.mul(2), tf.scalar(x!.dataSync()[0]!)])(tf.scalar(1)),
    Error,
    "dataSync",
  );
  assertEquals(await values(engine.jit((x) => [x!.mul(2)])(tf.scalar(1))[0]), [2]);
});

Deno.test({
  name: `webgpu: a program that does not compile fails the step with its name${why}`,
  ignore: !probe.available,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    opened = null;
    const engine = await openWebGpu({ software: true });
    const backend = tf.backend() as unknown as Backend;
    const x = tf.tensor1d([1]);
    const wrong = () => {
      const y = backend.makeTensorInfo([1], "float32");
      backend.runWgsl({
        name: "WrongKernel",
        code: "fn main() { nonsense }",
        reads: [x],
        writes: [y],
        workgroups: [1, 1, 1],
      });
      return tf.engine().makeTensorFromTensorInfo(y);
    };
    const y = wrong();
    await assertRejects(() => y.data(), Error, "WrongKernel");
    assertThrows(() => engine.jit(() => [x.add(1)])(), Error, "WrongKernel");
    engine.dispose();
  },
});

gpuTest(
  "withStockKernels restores tfjs's kernels during a call, and ours after it, even if it throws",
  (engine) => {
    const x = tf.ones([32, 32]) as tf.Tensor2D;
    const kernelsOf = (body: () => tf.Tensor) => {
      const jitted = engine.jit(() => [body()]);
      tf.dispose(jitted());
      const { kernels } = jitted.statistics()!;
      jitted.dispose();
      return Object.keys(kernels);
    };
    const product = () => tf.matMul(x, x);
    assertEquals(kernelsOf(product), ["MatMul"]);
    const [stock] = kernelsOf(() => withStockKernels(product));
    assert(/^MatMul\w*Program$/.test(stock!), stock);
    assertThrows(() => withStockKernels(() => assert(false, "broken")), Error, "broken");
    assertEquals(kernelsOf(product), ["MatMul"]);
    x.dispose();
    return Promise.resolve();
  },
);
