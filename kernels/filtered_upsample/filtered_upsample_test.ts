import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { lowpassOf } from "../shared/testing.ts";
import { type Operation, testGolden, testOperation } from "../shared/operation_testing.ts";
import { filteredUpsample } from "./mod.ts";
import { filteredUpsampleGradReference, filteredUpsampleReference } from "./reference.ts";

const operation: Operation = {
  name: "filteredUpsample",
  draw(random, smallest) {
    const size = (max: number) => smallest ? 1 : random.integer(1, max);
    const taps = random.integer(2, 12);
    return [
      random.values([size(3), size(7), size(7), size(6)]),
      random.values([taps, taps], 2 / taps),
    ];
  },
  differentiable: 1,
  run: (x, lowpass) => filteredUpsample(x as tf.Tensor4D, lowpass as tf.Tensor2D),
  reference: filteredUpsampleReference,
  gradients: ([, lowpass], dy) => [filteredUpsampleGradReference(dy, lowpass!)],
  tolerance: 2e-6,
};
testOperation(operation);
testGolden(operation, "filtered_up", (design) => [lowpassOf(design)]);

Deno.test("filteredUpsample: a pixel becomes the flipped low-pass kernel", () => {
  const lowpass = { shape: [3, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9) };
  const x = { shape: [1, 2, 2, 1], data: Float64Array.of(0, 0, 0, 1) };
  assertEquals(
    filteredUpsampleReference(x, lowpass).data,
    Float64Array.of(0, 0, 0, 0, 0, 9, 8, 7, 0, 6, 5, 4, 0, 3, 2, 1),
  );
});

Deno.test("filteredUpsample: wrong shapes are named", () => {
  const x = tf.zeros([1, 2, 2, 1]) as tf.Tensor4D;
  assertThrows(
    () => filteredUpsample(x, tf.zeros([13, 13])),
    RangeError,
    "2 to 12 taps a side, got [13, 13]",
  );
  assertThrows(() => filteredUpsample(x, tf.zeros([3, 4])), RangeError, "got [3, 4]");
  assertThrows(
    () => filteredUpsample(tf.zeros<tf.Rank>([2, 2, 1]) as tf.Tensor4D, tf.zeros([3, 3])),
    TypeError,
    "got float32 [2, 2, 1]",
  );
  assertThrows(
    () => filteredUpsample(tf.zeros([1, 2, 2, 1], "int32"), tf.zeros([3, 3])),
    TypeError,
    "got int32",
  );
});

Deno.test("filteredUpsample: the low-pass kernel has no gradient, and that is said", () => {
  const x = tf.ones([1, 2, 2, 1]) as tf.Tensor4D;
  assertThrows(
    () =>
      tf.grad((lowpass: tf.Tensor) => filteredUpsample(x, lowpass as tf.Tensor2D))(tf.ones([3, 3])),
    Error,
    "lowpass",
  );
});
