import { assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { lowpassOf, type Random } from "../shared/testing.ts";
import { type Operation, testGolden, testOperation } from "../shared/operation_testing.ts";
import { aliasFreeGelu } from "./mod.ts";
import {
  aliasFreeGeluGradReference,
  aliasFreeGeluReference,
  aliasFreeNormGeluGradReference,
  aliasFreeNormGeluReference,
} from "./reference.ts";

function drawShape(random: Random, smallest: boolean): number[] {
  const size = (max: number) => smallest ? 1 : random.integer(1, max);
  return [size(2), size(6), size(6), size(6)];
}

/** A random kernel. Half of them are 3x3 low-pass kernels, for which engines have faster paths. */
function drawFilter(random: Random) {
  if (random.uniform() < 0.5) {
    return lowpassOf({
      size: 3,
      beta: random.integer(0, 3),
      normalized: random.uniform() < 0.5,
      cutoff: Math.PI / 2,
    });
  }
  const taps = random.integer(2, 12);
  return random.values([taps, taps], 4 / taps);
}

const operation: Operation = {
  name: "aliasFreeGelu",
  draw: (random, smallest) => [
    random.values(drawShape(random, smallest), 3),
    drawFilter(random),
    drawFilter(random),
  ],
  differentiable: 1,
  run: (x, up, down) =>
    aliasFreeGelu(x as tf.Tensor4D, { up: up as tf.Tensor2D, down: down as tf.Tensor2D }),
  reference: aliasFreeGeluReference,
  gradients: ([x, up, down], dy) => [aliasFreeGeluGradReference(x!, dy, up!, down!)],
  tolerance: 1e-5,
};
testOperation(operation);
testGolden(operation, "alias_free_gelu", (params) => {
  const { up, down } = params as unknown as { up?: typeof params; down?: typeof params };
  return [lowpassOf(up ?? params), lowpassOf(down ?? params)];
});

testOperation({
  name: "aliasFreeGelu with a GroupNorm",
  draw(random, smallest) {
    const shape = drawShape(random, smallest);
    const channels = shape[3]!;
    return [
      random.values(shape, 3),
      random.values([channels]),
      random.values([channels]),
      drawFilter(random),
      drawFilter(random),
    ];
  },
  differentiable: 3,
  run: (x, scale, offset, up, down) =>
    aliasFreeGelu(x as tf.Tensor4D, {
      up: up as tf.Tensor2D,
      down: down as tf.Tensor2D,
      norm: { scale: scale as tf.Tensor1D, offset: offset as tf.Tensor1D },
    }),
  reference: (x, scale, offset, up, down) =>
    aliasFreeNormGeluReference(x!, up!, down!, scale!, offset!)[0],
  gradients: ([x, scale, offset, up, down], dy) =>
    aliasFreeNormGeluGradReference(x!, dy, up!, down!, scale!, offset!),
  tolerance: 5e-5,
});

Deno.test("aliasFreeGelu: wrong shapes are named", () => {
  const x = tf.zeros([1, 2, 2, 3]) as tf.Tensor4D;
  const filter = tf.zeros([3, 3]) as tf.Tensor2D;
  assertThrows(
    () => aliasFreeGelu(x, { up: filter, down: tf.zeros([3, 2]) }),
    RangeError,
    "down must be square",
  );
  const norm = { scale: tf.zeros([3]) as tf.Tensor1D, offset: tf.zeros([2]) as tf.Tensor1D };
  assertThrows(
    () => aliasFreeGelu(x, { up: filter, down: filter, norm }),
    TypeError,
    "norm.offset must be float32 [3]",
  );
});
