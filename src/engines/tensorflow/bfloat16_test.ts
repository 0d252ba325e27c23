// Mixed precision: who refuses it, what it rounds and what it leaves, and that float32 is
// untouched.
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { narrow, widen } from "../../../kernels/shared/precision.ts";
import { UserError } from "../../messages/errors.ts";
import { type Engine, openEngine } from "../mod.ts";
import { hasBfloat16 } from "./bfloat16.ts";

const isAllowed = Deno.permissions.querySync({ name: "ffi" }).state === "granted";

/** Tests the engine in bfloat16. A processor without bfloat16 instructions emulates them. */
function bfloat16Test(name: string, body: (engine: Engine) => Promise<void>): void {
  Deno.test({
    name: `bfloat16: ${name}${isAllowed ? "" : " (needs --allow-all)"}`,
    ignore: !isAllowed,
    // The library's threads keep running after the test.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const engine = await openEngine("tensorflow", { precision: "bfloat16", emulate: true });
      try {
        await body(engine);
      } finally {
        engine.dispose();
      }
    },
  });
}

/** The nearest bfloat16, ties to even. */
function rounded(value: number): number {
  const words = new Uint32Array(Float32Array.of(value).buffer);
  words[0]! += 0x7fff + ((words[0]! >>> 16) & 1);
  words[0]! &= 0xffff0000;
  return new Float32Array(words.buffer)[0]!;
}

const values = async (tensor: tf.Tensor | undefined) => [...await tensor!.data()];

Deno.test("bfloat16: /proc/cpuinfo says whether a processor has it", () => {
  assert(hasBfloat16(() => "model name\t: AMD EPYC\nflags\t\t: avx512f avx512_bf16 clzero\n"));
  assert(hasBfloat16(() => "flags\t\t: avx512f amx_bf16\n"));
  assert(hasBfloat16(() => "Features\t: fp asimd bf16 i8mm\n"));
  assert(!hasBfloat16(() => "flags\t\t: avx512f avx512_bf16x\nbugs: avx512_bf16\n"));
  assert(
    !hasBfloat16(() => {
      throw new Deno.errors.NotFound();
    }),
  );
});

for (const precision of ["bfloat16", "tf32"] as const) {
  for (const name of ["cpu", "wasm", "webgpu"] as const) {
    Deno.test(`${precision}: ${name} refuses it and names the engine that has it`, async () => {
      await assertRejects(
        () => openEngine(name, { precision }),
        UserError,
        `precision: ${precision} needs the engine tensorflow, not ${name}`,
      );
    });
  }
}

Deno.test({
  name: `tf32: needs a GPU, except to reproduce${isAllowed ? "" : " (needs --allow-all)"}`,
  ignore: !isAllowed,
  // The library's threads keep running after the test.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const engine = await openEngine("tensorflow", { precision: "tf32", emulate: true });
    const { device, precision } = engine;
    engine.dispose();
    if (device === "cuda") return assertEquals(precision, "tf32");

    assertEquals(precision, "float32");
    await assertRejects(
      () => openEngine("tensorflow", { precision: "tf32" }),
      UserError,
      "precision: tf32 needs an NVIDIA GPU",
    );
  },
});

bfloat16Test(
  "products round their factors and results; sums and everything outside stay float32",
  async (engine) => {
    const a = [1.001, -2.7183, 0.3333, 5.0001];
    const b = [0.7071, 1.4142, -3.1416, 0.1];
    const run = engine.jit((x, y) => {
      const product = tf.matMul(narrow(x as tf.Tensor2D), y as tf.Tensor2D);
      return [
        product,
        tf.sum(narrow(x!)),
        tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D),
        narrow(x!),
      ];
    });
    const [product, sum, outside, alone] = run(tf.tensor2d(a, [1, 4]), tf.tensor2d(b, [4, 1]));
    const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
    assertEquals(await values(product), [rounded(dot(a.map(rounded), b.map(rounded)))]);
    assertEquals(await values(sum), [Math.fround(a.map(rounded).reduce((x, y) => x + y))]);
    assert(Math.abs((await values(outside))[0]! - dot(a, b)) < 1e-5);
    assertEquals(await values(alone), a.map(rounded));
    run.dispose();
  },
);

bfloat16Test("gradients are bfloat16 inside the network and float32 outside", async (engine) => {
  const w = tf.variable(tf.tensor2d([[0.7071, 1.4142], [-3.1416, 0.1]]));
  const run = engine.jit((x, dy) => {
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.mul(widen(tf.matMul(narrow(x as tf.Tensor2D), narrow<tf.Tensor2D>(w))), dy!)),
      [w],
    );
    return [grads[w.name]!];
  });
  const [dw] = run(tf.tensor2d([[1.001, -2.7183]]), tf.tensor2d([[0.3333, 5.0001]]));
  const [x, dy] = [[1.001, -2.7183].map(rounded), [0.3333, 5.0001].map(rounded)];
  assertEquals(await values(dw), x!.flatMap((x) => dy!.map((dy) => rounded(x * dy))));
  run.dispose();
  w.dispose();
});

Deno.test({
  name: "bfloat16: with float32, nothing is rounded",
  ignore: !isAllowed,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const engine = await openEngine("tensorflow");
    const x = tf.tensor1d([1.001, -2.7183]);
    const run = engine.jit((x) => [widen(narrow(x!))]);
    assertEquals(await values(run(x)[0]), await values(x));
    assert(narrow(x) === x);
    run.dispose();
    engine.dispose();
  },
});
