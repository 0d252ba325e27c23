import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { filteredUpsampleReference } from "../filtered_upsample/reference.ts";
import { assertClose } from "../../src/golden/golden.ts";
import { lowpassOf, random } from "../shared/testing.ts";
import { type Operation, testGolden, testOperation } from "../shared/operation_testing.ts";
import { filteredDownsample } from "./mod.ts";
import { filteredDownsampleGradReference, filteredDownsampleReference } from "./reference.ts";

const operation: Operation = {
  name: "filteredDownsample",
  draw(random, smallest) {
    const size = (max: number) => smallest ? 1 : random.integer(1, max);
    const taps = random.integer(2, 12);
    return [
      random.values([size(3), size(13), size(13), size(6)]),
      random.values([taps, taps], 2 / taps),
    ];
  },
  differentiable: 1,
  run: (x, lowpass) => filteredDownsample(x as tf.Tensor4D, lowpass as tf.Tensor2D),
  reference: filteredDownsampleReference,
  gradients: (
    [x, lowpass],
    dy,
  ) => [filteredDownsampleGradReference(dy, lowpass!, x!.shape[1]!, x!.shape[2]!)],
  tolerance: 2e-6,
};
testOperation(operation);
testGolden(operation, "filtered_down", (design) => [lowpassOf(design)]);

Deno.test("filteredDownsample: an even kernel reaches further right and below", () => {
  const lowpass = { shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) };
  const x = { shape: [1, 3, 3, 1], data: Float64Array.of(1, 10, 100, 2, 20, 200, 3, 30, 300) };
  assertEquals(
    filteredDownsampleReference(x, lowpass).data,
    Float64Array.of(1 + 20 + 6 + 80, 100 + 600, 3 + 60, 300),
  );
});

Deno.test("filteredDownsample: its gradient is upsampling with the flipped filter, where the padding is even", () => {
  for (const taps of [3, 5, 7, 9, 11]) {
    const draw = random(taps);
    const lowpass = draw.values([taps, taps]);
    const dy = draw.values([2, 4, 5, 3]);
    const flipped = { ...lowpass, data: lowpass.data.toReversed() };
    assertClose(
      filteredDownsampleGradReference(dy, lowpass, 8, 10).data,
      filteredUpsampleReference(dy, flipped).data,
      1e-14,
    );
  }
});

Deno.test("filteredDownsample: translation by the stride commutes away from the border", () => {
  const taps = 6;
  const draw = random(1);
  const lowpass = draw.values([taps, taps]);
  const wide = draw.values([1, 20, 22, 1]);
  const shifted = { shape: [1, 20, 20, 1], data: new Float64Array(400) };
  const still = structuredClone(shifted);
  for (let row = 0; row < 20; row++) {
    for (let column = 0; column < 20; column++) {
      still.data[row * 20 + column] = wide.data[row * 22 + column]!;
      shifted.data[row * 20 + column] = wide.data[row * 22 + column + 2]!;
    }
  }
  const a = filteredDownsampleReference(still, lowpass);
  const b = filteredDownsampleReference(shifted, lowpass);
  for (let row = 0; row < 10; row++) {
    for (let column = 2; column < 7; column++) {
      assertEquals(a.data[row * 10 + column + 1], b.data[row * 10 + column]);
    }
  }
});

Deno.test("filteredDownsample: wrong shapes are named", () => {
  const x = tf.zeros([1, 2, 2, 1]) as tf.Tensor4D;
  assertThrows(
    () => filteredDownsample(x, tf.zeros([1, 1])),
    RangeError,
    "2 to 12 taps a side, got [1, 1]",
  );
  assertThrows(
    () => filteredDownsample(tf.zeros<tf.Rank>([2, 1]) as tf.Tensor4D, tf.zeros([3, 3])),
    TypeError,
    "x must be float32",
  );
});
