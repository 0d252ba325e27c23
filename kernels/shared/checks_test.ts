import { assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { aliasFreeGelu } from "../alias_free_gelu/mod.ts";
import { attention } from "../attention/mod.ts";
import { filteredDownsample } from "../filtered_downsample/mod.ts";
import { filteredUpsample } from "../filtered_upsample/mod.ts";
import { gelu } from "../gelu/mod.ts";
import { groupNorm } from "../group_norm/mod.ts";
import { layerNorm } from "../layer_norm/mod.ts";
import { randomNormal } from "../random_normal/mod.ts";
import { rotate } from "../rotate/mod.ts";
import { shift } from "../shift/mod.ts";

// Engines handle empty tensors differently: TensorFlow returns a wrong shape, and a GPU raises an
// error that ends its work.
Deno.test("kernels: empty tensors are refused before an engine sees them", async () => {
  await tf.setBackend("cpu");
  const lowpass = tf.ones<tf.Rank.R2>([3, 3]);
  const scale = tf.ones<tf.Rank.R1>([3]);
  const onImages: [string, (x: tf.Tensor4D) => tf.Tensor][] = [
    ["filteredUpsample", (x) => filteredUpsample(x, lowpass)],
    ["filteredDownsample", (x) => filteredDownsample(x, lowpass)],
    ["aliasFreeGelu", (x) => aliasFreeGelu(x, { up: lowpass, down: lowpass })],
    ["groupNorm", (x) => groupNorm(x, scale, scale)],
    ["gelu", gelu],
    ["rotate", (x) => rotate(x, 30)],
    ["shift", (x) => shift(x, 0.5, 1)],
  ];
  for (const [name, run] of onImages) {
    for (const shape of [[0, 4, 4, 3], [2, 0, 4, 3]] as [number, number, number, number][]) {
      assertThrows(
        () => run(tf.zeros(shape)),
        RangeError,
        `${name}: x must not be empty, got [${shape.join(", ")}]`,
      );
    }
  }
  const none = tf.zeros<tf.Rank.R3>([2, 0, 6]);
  assertThrows(
    () => attention(none, none, none, 3),
    RangeError,
    "query must not be empty, got [2, 0, 6]",
  );
  assertThrows(
    () => layerNorm(tf.zeros([0, 3]), scale, scale),
    RangeError,
    "x must not be empty, got [0, 3]",
  );
  const key = tf.tensor1d([1, 2], "int32");
  const counter = tf.tensor1d([0, 0, 0, 0], "int32");
  assertThrows(() => randomNormal([0], key, counter), RangeError, "must not be empty, got [0]");
});
