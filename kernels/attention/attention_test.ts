import { assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { testOperation } from "../shared/operation_testing.ts";
import { attention } from "./mod.ts";
import { attentionOf, testRepeatedPositions } from "./testing.ts";

for (const heads of [1, 4]) testOperation(attentionOf(heads));

testRepeatedPositions(16); // attention_nightly.ts runs it with 256.

Deno.test("attention: heads that do not divide the channels are named", () => {
  const x = tf.zeros([1, 2, 6]) as tf.Tensor3D;
  assertThrows(() => attention(x, x, x, 4), RangeError, "6 channels cannot be split into 4 heads");
  assertThrows(
    () => attention(x, x, tf.zeros([1, 2, 3]), 3),
    TypeError,
    "value must be float32 [1, 2, 6]",
  );
});
