// Comparisons of WebGPU with the engine `cpu`: the output and every gradient over random shapes,
// and that a second run gives the same bytes.
import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import type { Values } from "../../../kernels/shared/reference.ts";
import {
  assertSameSpecials,
  type Random,
  random,
  tensorOf,
} from "../../../kernels/shared/testing.ts";
import { openWebGpu, probeWebGpu, type WebGpuEngine } from "./mod.ts";

const probe = await probeWebGpu();
const why = probe.available
  ? ""
  : " (NOTHING TESTED: no GPU, and no software GPU such as mesa-vulkan-drivers)";
let opened: Promise<WebGpuEngine> | null = null;

/** Registers a test on WebGPU; without a GPU it is ignored, and its name says so. */
export function gpuTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `webgpu: ${name}${why}`,
    ignore: !probe.available,
    sanitizeOps: false, // The device outlives the test.
    sanitizeResources: false,
    fn: async () => {
      await (opened ??= openWebGpu({ software: true }));
      await fn();
    },
  });
}

/** Runs a function on a backend and reads its tensors. */
export async function onBackend(
  backend: string,
  run: () => tf.Tensor[],
): Promise<{ shape: number[]; values: number[] }[]> {
  await tf.setBackend(backend);
  const tensors = tf.tidy(run);
  const read = await Promise.all(
    tensors.map(async (x) => ({ shape: x.shape, values: [...await x.data()] })),
  );
  tf.dispose(tensors);
  return read;
}

/**
 * Throws unless WebGPU gives the same as `cpu`, relative to the largest number, and the same bytes
 * in a second run.
 */
export async function assertAgree(
  what: string,
  tolerance: number,
  run: () => tf.Tensor[],
): Promise<void> {
  const expected = await onBackend("cpu", run);
  const actual = await onBackend("webgpu", run);
  assertEquals(await onBackend("webgpu", run), actual, `${what}: two runs differ`);
  expected.forEach(({ shape, values }, i) => {
    assertEquals(actual[i]!.shape, shape, what);
    const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
    values.forEach((value, k) => {
      const other = actual[i]!.values[k]!;
      if (!(Math.abs(value - other) <= tolerance * scale)) {
        throw new Error(
          `${what}: result ${i} has ${other} at ${k}, cpu ${value} (its largest is ${scale})`,
        );
      }
    });
  });
}

/** An operation with random inputs. */
export type Drawn = [inputs: Values[], run: (...tensors: tf.Tensor[]) => tf.Tensor];

/** Compares an operation's output, and its gradients for all inputs, in several random cases. */
export function compareWithCpu(name: string, cases: number, draw: (random: Random) => Drawn): void {
  gpuTest(`${name}: output and gradients equal the engine cpu's over random shapes`, async () => {
    for (let round = 0; round < cases; round++) {
      const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
      const [inputs, run] = draw(random(seed));
      const what = `${name}, seed ${seed}, ${inputs.map(({ shape }) => `[${shape}]`).join(" ")}`;
      await assertAgree(what, 3e-5, () => {
        const tensors = inputs.map(tensorOf);
        const output = run(...tensors);
        const weights = Float32Array.from({ length: output.size }, (_, i) => Math.sin(1 + 3 * i));
        return [output, ...tf.grads(run)(tensors, tf.tensor(weights, output.shape))];
      });
    }
  });
}

/** Compares where NaN and infinity spread from each input and from the output's gradient. */
export function compareSpecialsWithCpu(name: string, draw: (random: Random) => Drawn): void {
  gpuTest(`${name}: NaN and infinity spread as on the engine cpu`, async () => {
    for (const special of [NaN, Infinity, -Infinity]) {
      for (let place = 0, places = 1; place < places; place++) {
        const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
        const generator = random(seed);
        const [inputs, run] = draw(generator);
        const [shape] = await onBackend("cpu", () => [run(...inputs.map(tensorOf))]);
        const dy = generator.values(shape!.shape);
        const { data } = [...inputs, dy][place]!;
        data[generator.integer(0, data.length - 1)] = special;
        const all = () => {
          const tensors = inputs.map(tensorOf);
          return [run(...tensors), ...tf.grads(run)(tensors, tensorOf(dy))];
        };
        const expected = await onBackend("cpu", all);
        const actual = await onBackend("webgpu", all);
        const shapes = inputs.map(({ shape }) => `[${shape}]`).join(" ");
        expected.forEach(({ values }, i) => {
          const what = `${name}, seed ${seed}, ${shapes}, ${special} in ${place}, result ${i}`;
          assertSameSpecials(actual[i]!.values, values, what);
        });
        places = inputs.length + 1;
      }
    }
  });
}

/** One of the choices. */
export function oneOf<T>(random: Random, ...choices: T[]): T {
  return choices[random.integer(0, choices.length - 1)]!;
}
