/**
 * The tests that every operation has: each engine against the reference, the reference's gradient
 * against finite differences, and golden cases.
 */
import * as tf from "@tensorflow/tfjs";
import type { Engine } from "../../src/engines/mod.ts";
import { assertClose, goldenCases } from "../../src/golden/golden.ts";
import type { Values } from "./reference.ts";
import {
  assertSameSpecials,
  channelsLast,
  hasGradients,
  keepsSpecials,
  type lowpassOf,
  type Random,
  random,
  tensorOf,
  testOnEngines,
} from "./testing.ts";

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
