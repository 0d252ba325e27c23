/**
 * What the tests of all operations share: random cases from a seed, the comparison of each engine
 * with the reference, and the comparison of a reference's gradient with finite differences.
 */
import * as tf from "@tensorflow/tfjs";
import { type Engine, type EngineName, openEngine } from "../../src/engines/mod.ts";
import { probeWebGpu } from "../../src/engines/webgpu/mod.ts";
import { lowpassKernel } from "../../src/filters/mod.ts";
import { assertClose, goldenCases } from "../../src/golden/golden.ts";
import { philox4x32 } from "../random_normal/philox.ts";
import type { Values } from "./reference.ts";

const gpu = await probeWebGpu();

function availableEngines(): { name: EngineName; ignore: boolean; reason: string }[] {
  const ffi = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  const read = Deno.permissions.querySync({ name: "read" }).state === "granted";
  return [{ name: "cpu", ignore: false, reason: "" }, {
    name: "wasm",
    ignore: !read,
    reason: "needs --allow-all",
  }, {
    name: "tensorflow",
    ignore: !ffi,
    reason: "needs --allow-all",
  }, {
    name: "webgpu",
    ignore: !gpu.available,
    reason: "NOTHING TESTED: no GPU, and no software GPU such as mesa-vulkan-drivers",
  }];
}

/** Random numbers from a seed. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** A uniform integer from `least` to `most`. */
  integer(least: number, most: number): number;
  /**
   * Uniform in [-size, size), in a given shape. The values are exact in float32, so that every
   * engine sees the same numbers.
   */
  values(shape: number[], size?: number): Values;
}

/** Creates a generator from a seed. */
export function random(seed: number): Random {
  let drawn = 0;
  const uniform = () => philox4x32([drawn++, 0, 0, 0], [seed, 0])[0]! / 2 ** 32;
  return {
    uniform,
    integer: (least, most) => least + Math.floor(uniform() * (most - least + 1)),
    values: (shape, size = 1) => ({
      shape,
      data: Float64Array.from(
        { length: count(shape) },
        () => Math.fround((2 * uniform() - 1) * size),
      ),
    }),
  };
}

/**
 * Values from 1 to 3 with alternating signs. A normalization divides by the deviation, and with
 * nearly equal numbers the test would measure rounding instead of the kernel.
 */
export function alternating(random: Random, shape: number[]): Values {
  const { data } = random.values(shape);
  return { shape, data: data.map((value, i) => (i % 2 === 0 ? 2 : -2) + value) };
}

function count(shape: number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** What tests need to know about an operation. */
export interface Operation {
  name: string;
  /**
   * Draws the inputs. `smallest` asks for one image of one pixel and one channel, or the
   * equivalent.
   */
  draw(random: Random, smallest: boolean): Values[];
  /** How many inputs have gradients; they come first. */
  differentiable: number;
  /** The public function. */
  run(...inputs: tf.Tensor[]): tf.Tensor;
  reference(...inputs: Values[]): Values;
  /** The gradients for the differentiable inputs. */
  gradients(inputs: Values[], dy: Values): Values[];
  /** The allowed error of an engine, times max(1, |value|). */
  tolerance: number;
}

/**
 * Registers a test for each suited engine. If an engine is missing, the test is ignored and its
 * name says why.
 */
export function testOnEngines(
  name: string,
  body: (engine: Engine) => Promise<void>,
  isSuited: (engine: EngineName) => boolean = () => true,
): void {
  for (const engine of availableEngines().filter(({ name }) => isSuited(name))) {
    Deno.test({
      name: `${name}, on ${engine.name}${engine.ignore ? ` (${engine.reason})` : ""}`,
      ignore: engine.ignore,
      // The engine's library and device outlive the test.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => {
        await body(await opened(engine.name));
      },
    });
  }
}

const open = new Map<string, Promise<Engine>>();

async function opened(name: EngineName): Promise<Engine> {
  const engine = open.get(name) ?? openEngine(name, { softwareGpu: true });
  open.set(name, engine);
  await engine;
  await tf.setBackend(name);
  return engine;
}

/** Creates a tensor from values. The caller frees it. */
export function tensorOf({ shape, data }: Values): tf.Tensor {
  return tf.tensor(Float32Array.from(data), shape, "float32");
}

/**
 * Engines that compute gradients: all but `wasm`. For tests of operations that only training uses.
 */
export const trains = (engine: EngineName): boolean => engine !== "wasm";

/**
 * Engines that propagate NaN and infinity correctly: all but `wasm`. Its library (XNNPACK) clamps
 * the results of convolutions and so turns NaN into numbers. Weights that it draws with have
 * already been checked for NaN.
 */
export const keepsSpecials = (engine: EngineName): boolean => engine !== "wasm";

/** Whether the current engine computes gradients; `wasm` does not. */
export function hasGradients(): boolean {
  return tf.getBackend() !== "wasm";
}

/**
 * Computes an operation's output, and its gradients for dy, on the current engine, or in a function
 * that `engine` traces. Without gradients on the engine, only the output.
 */
export async function runOperation(
  operation: Operation,
  inputs: Values[],
  dy: Values,
  engine?: Engine,
): Promise<Values[]> {
  const tensors = inputs.map(tensorOf);
  const dyTensor = tensorOf(dy);
  const fixed = tensors.slice(operation.differentiable);
  const all = (...varied: tf.Tensor[]) => {
    const fn = (...varied: tf.Tensor[]) => operation.run(...varied, ...fixed);
    const output = fn(...varied.slice(0, -1));
    return hasGradients()
      ? [output, ...tf.grads(fn)(varied.slice(0, -1), varied.at(-1))]
      : [output];
  };
  const varied = [...tensors.slice(0, operation.differentiable), dyTensor];
  const jitted = engine?.jit(all);
  const results = tf.tidy(() => (jitted ?? all)(...varied));
  const values = await Promise.all(
    results.map(async (result) => ({
      shape: result.shape,
      data: Float64Array.from(await result.data()),
    })),
  );
  tf.dispose([tensors, dyTensor, results]);
  jitted?.dispose();
  return values;
}

function expected(operation: Operation, inputs: Values[], dy: Values): Values[] {
  const output = operation.reference(...inputs);
  return hasGradients() ? [output, ...operation.gradients(inputs, dy)] : [output];
}

function assertValues(actual: Values[], expected: Values[], tolerance: number, what: string): void {
  expected.forEach((values, i) => {
    const name = `${what}, ${i === 0 ? "output" : `gradient ${i - 1}`}`;
    if (actual[i]!.shape.join() !== values.shape.join()) {
      throw new Error(`${name}: shape [${actual[i]!.shape}], expected [${values.shape}]`);
    }
    assertClose(actual[i]!.data, values.data, tolerance, name);
  });
}

function describe(inputs: Values[]): string {
  return inputs.map(({ shape }) => `[${shape}]`).join(" ");
}

/** A new seed for each test run; a failure reports it. */
function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

const specials = [NaN, Infinity, -Infinity];

/** Registers the tests that every operation has. */
export function testOperation(operation: Operation): void {
  const { name, differentiable } = operation;

  Deno.test(`${name}: the reference's gradients are its finite differences`, () => {
    for (let round = 0; round < 12; round++) {
      const seed = freshSeed();
      const draw = random(seed);
      const inputs = operation.draw(draw, round === 0);
      const dy = draw.values(operation.reference(...inputs).shape);
      const gradients = operation.gradients(inputs, dy);
      for (let input = 0; input < differentiable; input++) {
        const direction = draw.values(inputs[input]!.shape);
        const slope = direction.data.reduce((sum, d, i) => sum + d * gradients[input]!.data[i]!, 0);
        const difference = finiteDifference(operation, inputs, input, direction, dy);
        assertClose(
          [slope],
          [difference],
          1e-6,
          `seed ${seed}, ${describe(inputs)}, gradient ${input}`,
        );
      }
    }
  });

  testOnEngines(
    `${name}: output and gradients equal the reference over random shapes`,
    async (engine) => {
      // A software GPU takes seconds to compile shaders, and each kernel size needs new ones.
      const rounds = engine.name === "webgpu" && !engine.hardwareGpu ? 4 : 12;
      for (let round = 0; round < rounds; round++) {
        const seed = freshSeed();
        const draw = random(seed);
        const inputs = operation.draw(draw, round === 0);
        const dy = draw.values(operation.reference(...inputs).shape);
        const results = await runOperation(operation, inputs, dy);
        assertValues(
          results,
          expected(operation, inputs, dy),
          operation.tolerance,
          `seed ${seed}, ${describe(inputs)}`,
        );
      }
    },
  );

  testOnEngines(`${name}: NaN and infinity go where the reference lets them go`, async (engine) => {
    // For some operations TensorFlow uses other kernels in traced functions.
    const ways = engine.name === "tensorflow" ? [undefined, engine] : [undefined];
    // Into each input that has a gradient, and into the output's gradient. Then into two of them,
    // or two into the same one.
    const places = Array.from({ length: differentiable + 1 }, (_, place) => [place]);
    const pairs = places.flatMap(([first]) => places.map(([second]) => [first!, second!]));
    for (const into of [...places, ...pairs]) {
      for (const value of specials) {
        const seed = freshSeed();
        const draw = random(seed);
        const inputs = operation.draw(draw, false);
        const dy = draw.values(operation.reference(...inputs).shape);
        const targets = [...inputs.slice(0, differentiable), dy];
        const wheres = into.map((place, i) => {
          const { data } = targets[place]!;
          const special = i === 0 ? value : specials[draw.integer(0, 2)]!;
          data[draw.integer(0, data.length - 1)] = special;
          return `${special} in ${place < differentiable ? `input ${place}` : "dy"}`;
        });
        const where = `${wheres.join(", ")}, seed ${seed}, ${describe(inputs)}`;
        const reference = expected(operation, inputs, dy);
        for (const way of ways) {
          const results = await runOperation(operation, inputs, dy, way);
          reference.forEach(({ data }, i) => {
            const what = `${where}, ${i === 0 ? "output" : `gradient ${i - 1}`}${
              way ? ", traced" : ""
            }`;
            assertSameSpecials(results[i]!.data, data, what);
          });
        }
      }
    }
  }, keepsSpecials);
}

/** The fourth-order difference quotient of sum(dy output) along a direction of an input. */
function finiteDifference(
  operation: Operation,
  inputs: Values[],
  input: number,
  direction: Values,
  dy: Values,
): number {
  const step = 1e-5;
  const objective = (steps: number) => {
    const moved = inputs[input]!.data.map((value, i) => value + steps * step * direction.data[i]!);
    const output = operation.reference(
      ...inputs.map((other, i) => i === input ? { ...other, data: moved } : other),
    );
    return output.data.reduce((sum, y, i) => sum + y * dy.data[i]!, 0);
  };
  return (8 * (objective(1) - objective(-1)) - (objective(2) - objective(-2))) / (12 * step);
}

/** Throws unless NaN, infinities and finite numbers are at the same positions. */
export function assertSameSpecials(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
): void {
  const kind = (value: number) => Number.isFinite(value) ? "a number" : String(value);
  for (let i = 0; i < expected.length; i++) {
    const value = kind(expected[i]!);
    if (value !== kind(actual[i]!)) {
      throw new Error(`${what}: ${actual[i]} at ${i}, expected ${value}`);
    }
  }
}

/** Converts a golden image tensor from N, C, H, W to N, H, W, C. */
export function channelsLast({ shape, data }: Values): Values {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const out = new Float64Array(data.length);
  const pixels = height * width;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) {
        out[(n * pixels + p) * channels + c] = data[(n * channels + c) * pixels + p]!;
      }
    }
  }
  return { shape: [batch, height, width, channels], data: out };
}

/** A low-pass kernel from its design, with the golden cases' names. */
export function lowpassOf(
  design: { size: number; beta: number; normalized: boolean; cutoff: number },
): Values {
  const { size, beta, normalized, cutoff } = design;
  return {
    shape: [size, size],
    data: lowpassKernel({ size, kaiserBeta: beta, normalized, cutoff }),
  };
}

/**
 * Registers a test of an image operation against all golden cases of a kind.
 *
 * @param filters returns the operation's low-pass kernels for a case's parameters
 */
export function testGolden(
  operation: Operation,
  kind: string,
  filters: (params: Parameters<typeof lowpassOf>[0]) => Values[],
): void {
  testOnEngines(`${operation.name}: output and gradient equal PyTorch's`, async () => {
    const rows = goldenCases(kind);
    if (rows.length === 0) throw new Error(`no golden cases of kind ${kind}`);
    for (const { case: name, params, tolerance, tensors: { x, y, grad_y, grad_x } } of rows) {
      const results = await runOperation(
        operation,
        [channelsLast(x!), ...filters(params)],
        channelsLast(grad_y!),
      );
      const both = [channelsLast(y!), channelsLast(grad_x!)];
      assertValues(results, both.slice(0, results.length), tolerance, name);
    }
  });
}
