import type * as tf from "@tensorflow/tfjs";
import { alternating } from "../shared/testing.ts";
import { type Operation, testOperation } from "../shared/operation_testing.ts";
import { layerNorm } from "./mod.ts";
import { layerNormGradReference, layerNormReference } from "./reference.ts";

const operation: Operation = {
  name: "layerNorm",
  draw(random, smallest) {
    const channels = smallest ? 1 : random.integer(1, 20);
    return [
      alternating(random, [smallest ? 1 : random.integer(1, 30), channels]),
      random.values([channels]),
      random.values([channels]),
    ];
  },
  differentiable: 3,
  run: (x, scale, offset) =>
    layerNorm(x as tf.Tensor2D, scale as tf.Tensor1D, offset as tf.Tensor1D),
  reference: layerNormReference,
  gradients: ([x, scale], dy) => layerNormGradReference(x!, dy, scale!),
  tolerance: 2e-5,
};
testOperation(operation);
