import type * as tf from "@tensorflow/tfjs";
import { alternating } from "../shared/testing.ts";
import { type Operation, testOperation } from "../shared/operation_testing.ts";
import { groupNorm } from "./mod.ts";
import { groupNormGradReference, groupNormReference } from "./reference.ts";

const operation: Operation = {
  name: "groupNorm",
  draw(random, smallest) {
    const size = (max: number) => smallest ? 1 : random.integer(1, max);
    const channels = size(9);
    const shape = [size(3), size(7), size(7), channels];
    const isOneNumber = String(shape.slice(1)) === "1,1,1";
    return [
      // A single number's deviation is sqrt(epsilon), and its rounding error is divided by that.
      // Small numbers have a smaller rounding error.
      isOneNumber ? random.values(shape, 0.25) : alternating(random, shape),
      random.values([channels]),
      random.values([channels]),
    ];
  },
  differentiable: 3,
  run: (x, scale, offset) =>
    groupNorm(x as tf.Tensor4D, scale as tf.Tensor1D, offset as tf.Tensor1D),
  reference: groupNormReference,
  gradients: ([x, scale], dy) => groupNormGradReference(x!, dy, scale!),
  tolerance: 2e-5,
};
testOperation(operation);
