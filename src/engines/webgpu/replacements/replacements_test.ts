// Compares the kernels that replace tfjs's own with the engine `cpu`.
import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  assertSameSpecials,
  type Random,
  random,
  tensorOf,
} from "../../../../kernels/shared/testing.ts";
import {
  assertAgree,
  compareSpecialsWithCpu,
  compareWithCpu,
  type Drawn,
  gpuTest,
  onBackend,
  oneOf,
} from "../comparison_testing.ts";

function drawSum(random: Random): Drawn {
  const axes = oneOf(random, [0], [1], [0, 1], [1, 2], [0, 1, 2]);
  const keepDims = oneOf(random, true, false);
  const small = [
    random.integer(1, 9),
    random.integer(1, 200),
    random.integer(1, 5),
    random.integer(1, 40),
  ];
  const shape = oneOf(random, small, small, [1, 1500, 2, 9], [2, 3000, 1, 7]);
  return [[random.values(shape)], (x) => tf.sum(x!, axes, keepDims)];
}
compareWithCpu("sums over leading and middle axes", 6, drawSum);
compareSpecialsWithCpu("sums over leading and middle axes", drawSum);

function drawProduct(random: Random): Drawn {
  const [rows, columns] = [random.integer(1, 90), random.integer(1, 90)];
  const depth = oneOf(random, 1, 7, 64, 2100);
  const transposeA = oneOf(random, true, false);
  const transposeB = oneOf(random, true, false);
  const batch = depth < 100 ? oneOf(random, [], [3]) : [];
  return [[
    random.values([...batch, ...(transposeA ? [depth, rows] : [rows, depth])]),
    random.values([...batch, ...(transposeB ? [columns, depth] : [depth, columns])]),
  ], (a, b) => tf.matMul(a!, b!, transposeA, transposeB)];
}
compareWithCpu("matrix products", 8, drawProduct);
compareSpecialsWithCpu("matrix products", drawProduct);

function drawBiasedProduct(random: Random): Drawn {
  const [rows, columns, depth] = [
    random.integer(1, 9),
    random.integer(1, 40),
    random.integer(1, 40),
  ];
  const inputs = [
    random.values([rows, depth]),
    random.values([depth, columns]),
    random.values([columns]),
  ];
  return [inputs, (a, b, bias) => tf.fused.matMul({ a: a!, b: b!, bias: bias! })];
}
compareWithCpu("matrix products with a bias", 3, drawBiasedProduct);
compareSpecialsWithCpu("matrix products with a bias", drawBiasedProduct);

function drawConvolution(random: Random): Drawn {
  const inputs = oneOf(random, 1, 3, 4, 8);
  const outputs = oneOf(random, 1, 3, 4, 36);
  const taps = oneOf(random, 1, 2, 3);
  const shape = [random.integer(1, 3), random.integer(3, 20), random.integer(3, 20), inputs];
  const stride = oneOf(random, 1, 1, 2);
  const padding = oneOf(random, "same" as const, "valid" as const);
  const run = (x?: tf.Tensor, filter?: tf.Tensor) =>
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, padding);
  return [[random.values(shape), random.values([taps, taps, inputs, outputs])], run];
}
compareWithCpu("convolutions", 8, drawConvolution);
compareSpecialsWithCpu("convolutions", drawConvolution);

compareWithCpu("bilinear interpolation, one pixel included", 6, (random) => {
  const side = oneOf(random, 1, 1, random.integer(2, 9));
  const shape = [random.integer(1, 3), side, side, random.integer(1, 9)];
  const size: [number, number] = [2 * side, 2 * side];
  return [[random.values(shape)], (x) => tf.image.resizeBilinear(x as tf.Tensor4D, size, true)];
});

gpuTest(
  "bilinear interpolation, one pixel: NaN and infinity of the gradient go into the sum",
  async () => {
    for (const special of [NaN, Infinity, -Infinity]) {
      const [dx] = await onBackend("webgpu", () => {
        const run = (x: tf.Tensor) => tf.image.resizeBilinear(x as tf.Tensor4D, [2, 2], true);
        return [
          tf.grad(run)(
            tf.ones([1, 1, 1, 2]),
            tf.tensor4d([1, 2, 3, special, 5, 6, 7, 8], [1, 2, 2, 2]),
          ),
        ];
      });
      assertEquals(dx!.values, [16, special]);
    }
  },
);

gpuTest("convolutions with bias and relu equal the engine cpu's", async () => {
  const draw = random(5);
  const drawn = [[2, 9, 7, 8], [3, 3, 8, 12], [12]].map((shape) => draw.values(shape));
  for (const activation of ["linear", "relu"] as const) {
    await assertAgree(activation, 3e-5, () => {
      const [x, filter, bias] = drawn.map(tensorOf) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor1D];
      return [tf.fused.conv2d({ x, filter, strides: 2, pad: "same", bias, activation })];
    });
  }
});

function drawSplit(random: Random): Drawn {
  const axis = random.integer(0, 2);
  const parts = random.integer(2, 4);
  const shape = [2, 3, 5];
  shape[axis]! *= parts;
  return [
    [random.values(shape)],
    (x) => tf.addN(tf.split(x!, parts, axis).map((piece, i) => piece.mul(i + 1))),
  ];
}
compareWithCpu("splitting into equal pieces", 4, drawSplit);
compareSpecialsWithCpu("splitting into equal pieces", drawSplit);

gpuTest("sine and cosine of small, large and huge angles", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const draw = random(seed);
  // All timesteps, both signs of every float32 exponent, and NaN and infinity.
  const drawn = Array.from(
    { length: 20_000 },
    () => draw.integer(-0x7fffffff, 0x7fffffff) / 2 ** 30,
  )
    .map((value) => Math.fround(value * 2 ** draw.integer(-140, 126)));
  const angles = Float32Array.from([
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    0.5,
    ...Array(1000).keys(),
    ...drawn,
  ]);
  const results = await onBackend(
    "webgpu",
    () => [tf.sin(tf.tensor1d(angles)), tf.cos(tf.tensor1d(angles))],
  );
  [Math.sin, Math.cos].forEach((exact, i) => {
    assertSameSpecials(results[i]!.values, Array.from(angles, exact), `seed ${seed}`);
    angles.forEach((angle, k) => {
      const error = Math.abs(results[i]!.values[k]! - exact(angle));
      if (error > 2e-7) throw new Error(`seed ${seed}: ${exact.name} ${angle} is off by ${error}`);
    });
  });
});
