// Compares WebGPU kernels with the engine `cpu`: those that replace tfjs's own, and those with
// variables or integers. Checks the output and every gradient over random shapes, and that a second
// run gives the same bytes. The operations in kernels/ that have references are compared there.
import { assertEquals } from "@std/assert";
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
import type { Values } from "../../../kernels/shared/reference.ts";
import {
  assertSameSpecials,
  lowpassOf,
  type Random,
  random,
  tensorOf,
} from "../../../kernels/shared/testing.ts";
import { openWebGpu, probeWebGpu, type WebGpuEngine } from "./mod.ts";

const probe = await probeWebGpu();
const why = probe.available
  ? ""
  : " (NOTHING TESTED: no GPU, and no software GPU such as mesa-vulkan-drivers)";
let opened: Promise<WebGpuEngine> | null = null;

function gpuTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `webgpu: ${name}${why}`,
    ignore: !probe.available,
    sanitizeOps: false, // The device outlives the test.
    sanitizeResources: false,
    fn: async () => {
      await (opened ??= openWebGpu({ software: true }));
      await fn();
    },
  });
}

/** Runs a function on a backend and reads its tensors. */
async function onBackend(
  backend: string,
  run: () => tf.Tensor[],
): Promise<{ shape: number[]; values: number[] }[]> {
  await tf.setBackend(backend);
  const tensors = tf.tidy(run);
  const read = await Promise.all(
    tensors.map(async (x) => ({ shape: x.shape, values: [...await x.data()] })),
  );
  tf.dispose(tensors);
  return read;
}

/**
 * Throws unless WebGPU gives the same as `cpu`, relative to the largest number, and the same bytes
 * in a second run.
 */
async function assertAgree(what: string, tolerance: number, run: () => tf.Tensor[]): Promise<void> {
  const expected = await onBackend("cpu", run);
  const actual = await onBackend("webgpu", run);
  assertEquals(await onBackend("webgpu", run), actual, `${what}: two runs differ`);
  expected.forEach(({ shape, values }, i) => {
    assertEquals(actual[i]!.shape, shape, what);
    const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    values.forEach((value, k) => {
      const other = actual[i]!.values[k]!;
      if (!(Math.abs(value - other) <= tolerance * scale)) {
        throw new Error(
          `${what}: result ${i} has ${other} at ${k}, cpu ${value} (its largest is ${scale})`,
        );
      }
    });
  });
}

/** An operation with random inputs. */
type Drawn = [inputs: Values[], run: (...tensors: tf.Tensor[]) => tf.Tensor];

/** Compares an operation's output, and its gradients for all inputs, in several random cases. */
function compareWithCpu(name: string, cases: number, draw: (random: Random) => Drawn): void {
  gpuTest(`${name}: output and gradients equal the engine cpu's over random shapes`, async () => {
    for (let round = 0; round < cases; round++) {
      const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
      const [inputs, run] = draw(random(seed));
      const what = `${name}, seed ${seed}, ${inputs.map(({ shape }) => `[${shape}]`).join(" ")}`;
      await assertAgree(what, 3e-5, () => {
        const tensors = inputs.map(tensorOf);
        const output = run(...tensors);
        const weights = Float32Array.from({ length: output.size }, (_, i) => Math.sin(1 + 3 * i));
        return [output, ...tf.grads(run)(tensors, tf.tensor(weights, output.shape))];
      });
    }
  });
}

/** Compares where NaN and infinity spread from each input and from the output's gradient. */
function compareSpecialsWithCpu(name: string, draw: (random: Random) => Drawn): void {
  gpuTest(`${name}: NaN and infinity go where the engine cpu lets them go`, async () => {
    for (const special of [NaN, Infinity, -Infinity]) {
      for (let place = 0, places = 1; place < places; place++) {
        const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
        const generator = random(seed);
        const [inputs, run] = draw(generator);
        const [shape] = await onBackend("cpu", () => [run(...inputs.map(tensorOf))]);
        const dy = generator.values(shape!.shape);
        const { data } = [...inputs, dy][place]!;
        data[generator.integer(0, data.length - 1)] = special;
        const all = () => {
          const tensors = inputs.map(tensorOf);
          return [run(...tensors), ...tf.grads(run)(tensors, tensorOf(dy))];
        };
        const expected = await onBackend("cpu", all);
        const actual = await onBackend("webgpu", all);
        const shapes = inputs.map(({ shape }) => `[${shape}]`).join(" ");
        expected.forEach(({ values }, i) => {
          const what = `${name}, seed ${seed}, ${shapes}, ${special} in ${place}, result ${i}`;
          assertSameSpecials(actual[i]!.values, values, what);
        });
        places = inputs.length + 1;
      }
    }
  });
}

function oneOf<T>(random: Random, ...choices: T[]): T {
  return choices[random.integer(0, choices.length - 1)]!;
}

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
