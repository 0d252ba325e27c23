import { assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type Operation, testOperation } from "../testing.ts";
import { attention } from "./mod.ts";
import { attentionGradReference, attentionReference } from "./reference.ts";

for (const heads of [1, 4]) {
  const operation: Operation = {
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
  testOperation(operation);
}

Deno.test("attention: heads that do not divide the channels are named", () => {
  const x = tf.zeros([1, 2, 6]) as tf.Tensor3D;
  assertThrows(() => attention(x, x, x, 4), RangeError, "6 channels cannot be split into 4 heads");
  assertThrows(() => attention(x, x, tf.zeros([1, 2, 3]), 3), TypeError, "value must be float32 [1, 2, 6]");
});
