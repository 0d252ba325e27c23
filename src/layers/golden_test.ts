/** Compares layers with PyTorch, using the formula weights. */
import * as tf from "@tensorflow/tfjs";
import {
  channelsLast,
  hasGradients,
  tensorOf,
  testOnEngines,
} from "../../kernels/shared/testing.ts";
import {
  assertClose,
  formulaWeights,
  type GoldenCase,
  goldenCases,
  type GoldenTensor,
} from "../golden/golden.ts";
import { ourShape, toOurs } from "../unet/layout.ts";
import { doubleConvolution, type DoubleConvolutionOptions } from "./double_convolution.ts";
import type { Layer, LayerTensors } from "./layer.ts";
import { selfAttention } from "./self_attention.ts";

/** A layer's tensors: the constants it declares, and parameters from the formula. */
function tensorsOf<Options>(layer: Layer<Options>, options: Options): LayerTensors {
  const parameters = new Map(
    layer.parameters(options).map((parameter, index) => {
      const values = toOurs(formulaWeights(index, parameter.name, parameter.shape), parameter);
      return [parameter.name, tf.tensor(values, ourShape(parameter), "float32")];
    }),
  );
  const constants = new Map(
    layer.constants(options).map((
      { name, shape, values },
    ) => [name, tf.tensor(values, shape, "float32")]),
  );
  return {
    parameter: (name) => parameters.get(name)!,
    constant: (name) => constants.get(name)!,
    dropped: (y) => y,
  };
}

/** Registers a test of a layer against all golden cases of a kind, with and without jit. */
function testLayer<Options>(
  layer: Layer<Options>,
  kind: string,
  optionsOf: (row: GoldenCase) => Options,
): void {
  testOnEngines(`${layer.name}: equals PyTorch's`, async (engine) => {
    for (const row of goldenCases(kind)) {
      const options = optionsOf(row);
      const tensors = tensorsOf(layer, options);
      const apply = (x: tf.Tensor) => layer.apply([x], tensors, options);
      const { x, y, grad_y, grad_x } = row.tensors;
      const inputs = [
        tensorOf(channelsLast(x!)),
        ...(grad_y ? [tensorOf(channelsLast(grad_y))] : []),
      ];
      const run = (x: tf.Tensor, dy?: tf.Tensor) =>
        dy && hasGradients() ? [apply(x), tf.grad(apply)(x, dy)] : [apply(x)];
      const jitted = engine.jit((x, dy) => run(x!, dy));
      for (const results of [run(inputs[0]!, inputs[1]), jitted(...inputs)]) {
        await assertImages(results[0]!, y!, row);
        if (grad_x && results[1]) await assertImages(results[1], grad_x, row);
      }
      jitted.dispose();
    }
  });
}

async function assertImages(
  actual: tf.Tensor,
  expected: GoldenTensor,
  row: GoldenCase,
): Promise<void> {
  assertClose(await actual.data(), channelsLast(expected).data, row.tolerance, row.case);
}

testLayer(
  selfAttention,
  "self_attention",
  ({ params: { channels, heads } }) => ({ channels, heads }),
);

testLayer(doubleConvolution, "double_conv", ({ params }): DoubleConvolutionOptions => ({
  inputs: params.in,
  middle: params.mid,
  outputs: params.out,
  residual: params.residual,
  filters: params.filtered
    ? {
      kind: "jinc",
      kernelSize: params.size,
      kaiserBeta: params.beta,
      normalized: params.normalized,
      cutoff: { down: Math.PI / 2, up: Math.PI / 2 },
      gain: 1,
      padding: "zero",
    }
    : null,
  normInside: false,
  bypass: false,
  padding: ["zero", "zero"],
  size: 1, // Of no effect on these filters.
}));
