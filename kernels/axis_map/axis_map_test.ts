import { assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type Operation, testOperation } from "../shared/operation_testing.ts";
import { mapAxes } from "./mod.ts";
import { mapAxesGradReference, mapAxesReference } from "./reference.ts";

const operation: Operation = {
  name: "mapAxes",
  draw(random, smallest) {
    const size = (most: number) => smallest ? 1 : random.integer(1, most);
    const [from, to] = [size(7), size(9)];
    return [random.values([size(3), from, from, size(6)]), random.values([to, from])];
  },
  differentiable: 1,
  run: (x, map) => mapAxes(x as tf.Tensor4D, map as tf.Tensor2D),
  reference: mapAxesReference,
  gradients: ([, map], dy) => [mapAxesGradReference(dy, map!)],
  tolerance: 1e-5,
};
testOperation(operation);

Deno.test("mapAxes: wrong shapes are named", () => {
  const x = tf.zeros([1, 3, 3, 2]) as tf.Tensor4D;
  assertThrows(
    () => mapAxes(x, tf.zeros([6, 2])),
    TypeError,
    "x must be float32 [any, 2, 2, any], got float32 [1, 3, 3, 2]",
  );
  assertThrows(() => mapAxes(x, tf.zeros([3]) as unknown as tf.Tensor2D), TypeError, "map must be");
});
