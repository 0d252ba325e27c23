import { assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type Operation, testOperation } from "../shared/operation_testing.ts";
import { axisMapGelu } from "./mod.ts";
import { axisMapGeluGradReference, axisMapGeluReference } from "./reference.ts";

for (const bypass of [false, true]) {
  const operation: Operation = {
    name: `axisMapGelu${bypass ? " with a bypass" : ""}`,
    draw(random, smallest) {
      const size = (most: number) => smallest ? 1 : random.integer(1, most);
      const [side, larger] = [size(6), size(9)];
      return [
        random.values([size(3), side, side, size(6)], 3),
        random.values([larger, side]),
        random.values([side, larger]),
      ];
    },
    differentiable: 1,
    run: (x, up, down) =>
      axisMapGelu(x as tf.Tensor4D, {
        up: up as tf.Tensor2D,
        down: down as tf.Tensor2D,
        bypass,
      }),
    reference: (x, up, down) => axisMapGeluReference(x, up, down, bypass),
    gradients: ([x, up, down], dy) => [axisMapGeluGradReference(x!, dy, up!, down!, bypass)],
    tolerance: 1e-5,
  };
  testOperation(operation);
}

Deno.test("axisMapGelu: wrong shapes are named", () => {
  const x = tf.zeros([1, 3, 3, 2]) as tf.Tensor4D;
  const up = tf.zeros([6, 3]) as tf.Tensor2D;
  assertThrows(() => axisMapGelu(x, { up, down: up }), TypeError, "down must be float32 [3, 6]");
  const down = tf.zeros([2, 6]) as tf.Tensor2D;
  assertThrows(() => axisMapGelu(x, { up, down }), TypeError, "down must be float32 [3, 6]");
});
