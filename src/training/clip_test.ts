import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { assertClose } from "../golden/golden.ts";
import { random, tensorOf, testOnEngines, trains } from "../../kernels/shared/testing.ts";
import { clipGradients } from "./clip.ts";

/** The gradients after clipping, on the current engine. */
async function clipped(gradients: tf.Tensor[], clipNorm: number): Promise<number[][]> {
  const results = clipGradients(gradients, clipNorm);
  const values = await Promise.all(results.map(async (result) => [...await result.data()]));
  tf.dispose(results);
  return values;
}

testOnEngines("clipping: a norm of 13 becomes 1, but stays if 20 is allowed", async () => {
  const gradients = [tf.tensor1d([3, -4]), tf.tensor2d([[12]])];
  // torch.nn.utils.clip_grad_norm_([3, -4], [[12]], 1) multiplies by 1 / (13 + 1e-6).
  const [first, second] = await clipped(gradients, 1);
  assertClose(first!, [0.230769213, -0.307692284], 1e-7);
  assertClose(second!, [0.923076852], 1e-7);
  assertEquals(await clipped(gradients, 20), [[3, -4], [12]]);
  tf.dispose(gradients);
}, trains);

testOnEngines("clipping: equals PyTorch's formula for random gradients", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const draw = random(seed);
  for (let round = 0; round < 6; round++) {
    const shapes = [[1], [draw.integer(1, 400)], [3, 3, draw.integer(1, 8), 5]];
    const values = shapes.map((shape) => draw.values(shape, 10 ** draw.integer(-3, 3)));
    const clipNorm = 10 ** draw.integer(-2, 2);
    const norm = Math.hypot(...values.flatMap(({ data }) => [...data]));
    const factor = Math.min(1, clipNorm / (norm + 1e-6));
    const tensors = values.map(tensorOf);
    const results = await clipped(tensors, clipNorm);
    tf.dispose(tensors);
    const expected = values.flatMap(({ data }) => [...data].map((g) => factor * g));
    const scale = Math.max(...expected.map(Math.abs));
    assertClose(
      results.flat().map((g) => g / scale),
      expected.map((g) => g / scale),
      2e-6,
      `seed ${seed}, round ${round}`,
    );
    const left = Math.hypot(...results.flat());
    assert(left <= clipNorm * (1 + 1e-5), `seed ${seed}, round ${round}: norm ${left}`);
  }
}, trains);

testOnEngines("clipping: one NaN makes all gradients NaN", async () => {
  const gradients = [tf.tensor1d([NaN, 1]), tf.tensor1d([2])];
  assert(
    (await clipped(gradients, 1)).flat().every(Number.isNaN),
    "training then stops, because the loss is NaN",
  );
  tf.dispose(gradients);
}, (engine) => engine === "cpu" || engine === "tensorflow");
