/**
 * What the tests of all operations share: the engines that this machine has, random numbers from a
 * seed, and tensors of them.
 */
import * as tf from "@tensorflow/tfjs";
import { type Engine, type EngineName, openEngine } from "../../src/engines/mod.ts";
import { probeWebGpu } from "../../src/engines/webgpu/mod.ts";
import { lowpassKernel } from "../../src/filters/mod.ts";
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
  /** A uniform integer from `min` to `max`. */
  integer(min: number, max: number): number;
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
    integer: (min, max) => min + Math.floor(uniform() * (max - min + 1)),
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

/** Whether the current engine computes gradients; `wasm` does not. */
export function hasGradients(): boolean {
  return tf.getBackend() !== "wasm";
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
