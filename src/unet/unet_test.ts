/** What the golden cases do not cover: wrong inputs, labels, ownership, other kernel sizes. */
import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { assertClose, type GoldenCase } from "../golden/golden.ts";
import { compileUNet, type NetworkSpec } from "./mod.ts";
import { specOf } from "./testing.ts";

await tf.setBackend("cpu");

function tinySpec(
  changes: Partial<NetworkSpec> & { seed?: number } = {},
): NetworkSpec & { seed: number } {
  const params = {
    variant: "D",
    channels: 1,
    image_size: 8,
    size: 3,
    beta: 2,
    normalized: true,
    classes: null,
  };
  return { ...specOf({ params } as GoldenCase), baseWidth: 4, ...changes };
}

const x = tf.tidy(() =>
  tf.keep(tf.randomUniform([2, 8, 8, 1], -1, 1, "float32", 5))
) as tf.Tensor4D;
const t = tf.tensor1d([1, 999]);

Deno.test("the errors for wrong inputs say what is expected", () => {
  const unet = compileUNet(tinySpec());
  const apply = (shape: number[], t: tf.Tensor1D, label?: tf.Tensor1D) =>
    unet.apply(tf.zeros<tf.Rank>(shape as [number]) as tf.Tensor4D, t, label);
  assertThrows(
    () => apply([2, 8, 8, 3], t),
    TypeError,
    "x must be [batch, 8, 8, 1], got [2, 8, 8, 3]",
  );
  assertThrows(() => apply([2, 8, 8], t), TypeError, "x must be");
  assertThrows(() => apply([3, 8, 8, 1], t), TypeError, "t must be [3], got [2]");
  assertThrows(() => apply([2, 8, 8, 1], t, t), TypeError, "without classes");
  unet.dispose();
});

Deno.test("the seed alone determines the weights and the output", () => {
  const outputs = [1, 1, 2].map((seed) => {
    const unet = compileUNet(tinySpec({ seed }));
    const output = unet.apply(x, t).dataSync();
    unet.dispose();
    return output;
  });
  assertEquals(outputs[0], outputs[1]);
  assertNotEquals(outputs[0], outputs[2]);
});

Deno.test("a label changes the output; -1 means no label", () => {
  const unet = compileUNet(tinySpec({ classes: 3 }));
  const apply = (...labels: number[]) =>
    unet.apply(x, t, labels.length ? tf.tensor1d(labels, "int32") : undefined).dataSync();
  assertEquals(apply(-1, -1), apply());
  assertNotEquals(apply(0, 1), apply(1, 1));
  // Each image has its own label: the second one's is the same in both runs.
  assertEquals(apply(0, 1).slice(64), apply(1, 1).slice(64));
  unet.dispose();
});

Deno.test("integer and float timesteps of equal value give the same output", () => {
  const unet = compileUNet(tinySpec());
  assertClose(
    unet.apply(x, tf.tensor1d([1, 999], "int32")).dataSync(),
    unet.apply(x, t).dataSync(),
    0,
  );
  unet.dispose();
});

Deno.test("every kernel size works forward, the smallest and the largest also backward", () => {
  for (let kernelSize = 2; kernelSize <= 12; kernelSize++) {
    const unet = compileUNet(tinySpec({ kernelSize, normInside: kernelSize % 2 === 0 }));
    tf.tidy(() => {
      const loss = () => unet.apply(x, t).square().sum<tf.Scalar>();
      const results = kernelSize % 10 === 2
        ? Object.values(tf.variableGrads(loss, [...unet.parameters.values()]).grads)
        : [loss()];
      assertEquals(
        results.every((result) => Number.isFinite(result.square().sum().dataSync()[0])),
        true,
      );
    });
    unet.dispose();
  }
});

Deno.test("apply leaves only its result, and dispose frees everything", () => {
  const before = tf.memory().numTensors;
  const unet = compileUNet(tinySpec({ classes: 3 }));
  const compiled = tf.memory().numTensors;
  unet.apply(x, t).dispose();
  assertEquals(tf.memory().numTensors, compiled);
  unet.dispose();
  assertEquals(tf.memory().numTensors, before);
});
