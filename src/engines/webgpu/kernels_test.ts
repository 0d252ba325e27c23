// Compares WebGPU kernels with the engine `cpu` where the tests in kernels/ do not reach: large
// shapes, variables and integers.
import * as tf from "@tensorflow/tfjs";
import { adamw, adamwRates } from "../../../kernels/adamw/mod.ts";
import { aliasFreeGelu } from "../../../kernels/alias_free_gelu/mod.ts";
import { attention } from "../../../kernels/attention/mod.ts";
import { filteredDownsample } from "../../../kernels/filtered_downsample/mod.ts";
import { filteredUpsample } from "../../../kernels/filtered_upsample/mod.ts";
import { gelu } from "../../../kernels/gelu/mod.ts";
import { groupNorm } from "../../../kernels/group_norm/mod.ts";
import { layerNorm } from "../../../kernels/layer_norm/mod.ts";
import { randomNormal } from "../../../kernels/random_normal/mod.ts";
import { lowpassOf, random, tensorOf } from "../../../kernels/shared/testing.ts";
import { assertAgree, compareWithCpu, gpuTest } from "./comparison_testing.ts";

compareWithCpu("maximum pooling", 4, (random) => {
  const side = 2 * random.integer(1, 6);
  const shape = [random.integer(1, 3), side, side, random.integer(1, 9)];
  return [[random.values(shape)], (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid")];
});

// The kernels' own tests use small shapes. These need several workgroups, tiles and parts.
const large: [name: string, shapes: number[][], run: (...tensors: tf.Tensor[]) => tf.Tensor][] = [
  [
    "group norm",
    [[2, 24, 25, 36], [36], [36]],
    (x, ...w) => groupNorm(x as tf.Tensor4D, ...w as [tf.Tensor1D, tf.Tensor1D]),
  ],
  [
    "group norm",
    [[2, 3, 3, 1030], [1030], [1030]],
    (x, ...w) => groupNorm(x as tf.Tensor4D, ...w as [tf.Tensor1D, tf.Tensor1D]),
  ],
  [
    "layer norm",
    [[600, 300], [300], [300]],
    (x, ...w) => layerNorm(x as tf.Tensor2D, ...w as [tf.Tensor1D, tf.Tensor1D]),
  ],
  ["gelu", [[3, 70, 11]], (x) => gelu(x!)],
  [
    "attention",
    [[2, 130, 24], [2, 130, 24], [2, 130, 24]],
    (...qkv) => attention(...qkv as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D], 2),
  ],
];
for (const [name, shapes, run] of large) {
  compareWithCpu(
    `${name} of ${shapes[0]!.join(" x ")}`,
    1,
    (random) => [shapes.map((shape) => random.values(shape)), run],
  );
}
for (const taps of [3, 12]) {
  compareWithCpu(
    `resampling and the alias-free GELU of 2 x 19 x 18 x 20, ${taps} taps`,
    1,
    (random) => {
      const lowpass = lowpassOf({ size: taps, beta: 2, normalized: true, cutoff: Math.PI / 2 });
      const norm = ([scale, offset]: tf.Tensor[]) =>
        ({ scale, offset }) as { scale: tf.Tensor1D; offset: tf.Tensor1D };
      return [[[2, 19, 18, 20], [20], [20]].map((shape) => random.values(shape)), (x, ...w) => {
        const up = tensorOf(lowpass) as tf.Tensor2D;
        const down = up;
        const image = x as tf.Tensor4D;
        const normed = aliasFreeGelu(image, { up, down, norm: norm(w) });
        return aliasFreeGelu(image, { up, down }).add(normed).add(
          filteredDownsample(filteredUpsample(image, up), down),
        );
      }];
    },
  );
}

gpuTest("normal numbers equal the engine cpu's for counters that carry", async () => {
  const words = (...numbers: number[]) => tf.tensor1d(numbers, "int32");
  for (const counter of [[0, 0, 0, 0], [-1, 5, 0, 0], [-2, -1, -1, 7]]) {
    for (const shape of [[1], [3, 5], [700]]) {
      const run = () => [randomNormal(shape, words(42, 4), words(...counter))];
      await assertAgree(`counter ${counter}, shape ${shape}`, 1e-6, run);
    }
  }
});

gpuTest(
  "AdamW over more parameters than one dispatch takes equals the engine cpu's, old values kept",
  async () => {
    const draw = random(7);
    const shapes = Array.from({ length: 19 }, () => [draw.integer(1, 40), draw.integer(1, 60)]);
    const values = shapes.map((shape) => [0, 1, 2, 3].map(() => draw.values(shape)));
    await assertAgree("AdamW", 1e-6, () => {
      const slots = values.map(([parameter, gradient, mean, square]) => ({
        parameter: tf.variable(tensorOf(parameter!)),
        gradient: tensorOf(gradient!),
        mean: tf.variable(tensorOf(mean!)),
        square: tf.variable(tensorOf(square!).square()),
      }));
      const old = slots[0]!.parameter.clone();
      adamw(slots, tf.tensor1d(adamwRates({ learningRate: 0.01, weightDecay: 0.1, step: 3 })));
      const variables = slots.flatMap(({ parameter, mean, square }) => [parameter, mean, square]);
      const results = [old, ...variables.map((variable) => variable.clone())];
      tf.dispose(variables);
      return results;
    });
  },
);
