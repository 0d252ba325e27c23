/** Helpers for attention's tests. */
import type * as tf from "@tensorflow/tfjs";
import { assertClose } from "../../src/golden/golden.ts";
import { random, testOnEngines } from "../shared/testing.ts";
import { type Operation, runOperation } from "../shared/operation_testing.ts";
import type { Values } from "../shared/reference.ts";
import { attention } from "./mod.ts";
import { attentionGradReference, attentionReference } from "./reference.ts";

/** The operation with a given number of heads. */
export function attentionOf(heads: number): Operation {
  return {
    name: `attention with ${heads} head${heads > 1 ? "s" : ""}`,
    draw(random, smallest) {
      const shape = smallest
        ? [1, 1, heads]
        : [random.integer(1, 3), random.integer(1, 20), heads * random.integer(1, 6)];
      return [random.values(shape, 3), random.values(shape, 3), random.values(shape)];
    },
    differentiable: 3,
    run: (q, k, v) => attention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, heads),
    reference: (q, k, v) => attentionReference(q!, k!, v!, heads)[0]!,
    gradients([q, k, v], dy) {
      const [output] = attentionReference(q!, k!, v!, heads);
      return attentionGradReference(q!, k!, v!, output!, dy, heads);
    },
    tolerance: 1e-5,
  };
}

/** Repeats the positions. */
function repeated({ shape, data }: Values, times: number): Values {
  const [batch, positions, channels] = shape as [number, number, number];
  const all = new Float64Array(times * data.length);
  for (let i = 0; i < times; i++) all.set(data, i * data.length);
  return { shape: [batch, times * positions, channels], data: all };
}

/**
 * Registers a test in which 64 positions repeat `times` times. Each copy of a key that occurs n
 * times has an n-th of the probability. So the output of each query equals that of the unrepeated
 * positions, and if dy repeats as well, so do the gradients.
 */
export function testRepeatedPositions(times: number): void {
  testOnEngines(
    `attention: ${64 * times} positions that repeat equal the reference of 64`,
    async () => {
      const draw = random(3);
      const shape = [1, 64, 4];
      const operation = attentionOf(1);
      const inputs = [draw.values(shape, 3), draw.values(shape, 3), draw.values(shape)];
      const dy = draw.values(shape);
      const expected = [operation.reference(...inputs), ...operation.gradients(inputs, dy)];
      const actual = await runOperation(
        operation,
        inputs.map((x) => repeated(x, times)),
        repeated(dy, times),
      );
      actual.forEach(({ data }, i) => {
        assertClose(
          data,
          repeated(expected[i]!, times).data,
          1e-4,
          i === 0 ? "output" : `gradient ${i - 1}`,
        );
      });
    },
    (engine) => engine !== "cpu",
  ); // The reference would need minutes.
}
