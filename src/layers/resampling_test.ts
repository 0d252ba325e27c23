import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { testOnEngines } from "../../kernels/shared/testing.ts";
import { bilinearUpsampling } from "./resampling.ts";

// The weights of the input pixels in each doubled row: corners stay, and the values between them
// are linear.
const rows: Record<number, number[][]> = {
  1: [[1], [1]],
  2: [[1, 0], [2 / 3, 1 / 3], [1 / 3, 2 / 3], [0, 1]],
};

for (const side of [1, 2]) {
  testOnEngines(
    `bilinear upsampling of ${side}x${side} pixels and its gradient, by hand`,
    async () => {
      const values = Float32Array.from({ length: side * side }, (_, i) => i + 1);
      const up = (x: tf.Tensor) =>
        bilinearUpsampling.apply([x], undefined as never, {}) as tf.Tensor4D;
      const weights = Float32Array.from({ length: 4 * side * side }, (_, i) => Math.sin(i + 1));
      const x = tf.tensor4d(values, [1, side, side, 1]);
      const w = tf.tensor4d(weights, [1, 2 * side, 2 * side, 1]);
      const y = up(x);
      const dx = tf.grad((x) => tf.sum(tf.mul(up(x), w)))(x);
      const taps = rows[side]!;
      const share = (i: number, j: number) =>
        taps[Math.floor(i / (2 * side))]![Math.floor(j / side)]! * taps[i % (2 * side)]![j % side]!;
      const product = (count: number, of: number, term: (i: number, j: number) => number) =>
        Array.from(
          { length: count },
          (_, i) => Array.from({ length: of }, (_, j) => term(i, j)).reduce((a, b) => a + b),
        );
      const rounded = (numbers: ArrayLike<number>) =>
        Array.from(numbers, (number) => Number(number.toFixed(5)) + 0);
      assertEquals(
        rounded(await y.data()),
        rounded(product(4 * side ** 2, side ** 2, (i, j) => share(i, j) * values[j]!)),
      );
      assertEquals(
        rounded(await dx.data()),
        rounded(product(side ** 2, 4 * side ** 2, (j, i) => share(i, j) * weights[i]!)),
      );
      tf.dispose([x, w, y, dx]);
    },
  );
}
