import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { inBatchParts } from "./batch_parts.ts";
import { assertClose } from "../../src/golden/golden.ts";

Deno.test("a batch in parts gives what the whole gives, gradients too, whatever the rest of its division", async () => {
  await tf.setBackend("cpu");
  const backend = tf.backend() as { batchParts?: number };
  const images = tf.randomNormal<tf.Rank.R4>([5, 32, 32, 2], 0, 1, "float32", 1);
  const scale = tf.scalar(0.7);
  const t = tf.tensor1d([1, 2, 3, 4, 5]);
  const sizes: number[] = [];
  const network = (x: tf.Tensor4D, scale: tf.Tensor) =>
    inBatchParts(x, [t], (x, [t]) => {
      sizes.push(x.shape[0]);
      const sum = x.square().mul(scale).sum([1, 2]).mul(t!.expandDims(1));
      return [sum, sum.sum(1)];
    });
  const loss = (x: tf.Tensor, scale: tf.Tensor) =>
    tf.addN(network(x as tf.Tensor4D, scale).map((y) => y.square().mean())) as tf.Scalar;
  const all = () =>
    [...network(images, scale), ...tf.grads(loss)([images, scale])].map((y) =>
      Array.from(y.dataSync())
    );
  try {
    const whole = all();
    assertEquals(sizes, [5, 5]);
    for (
      const [parts, expected] of [[2, [2, 3]], [4, [1, 1, 1, 2]], [8, [1, 1, 1, 1, 1]]] as const
    ) {
      backend.batchParts = parts;
      sizes.length = 0;
      const inParts = all();
      assertEquals(sizes, [...expected, ...expected]);
      // Float32 sums of a thousand squares in a different order.
      whole.forEach((values, i) =>
        assertClose(inParts[i]!, values, 1e-5 * Math.max(...values.map(Math.abs)))
      );
    }
    sizes.length = 0;
    network(tf.zeros([5, 16, 16, 2]), scale);
    assertEquals(sizes, [5], "so little work stays whole");
  } finally {
    delete backend.batchParts;
  }
});
