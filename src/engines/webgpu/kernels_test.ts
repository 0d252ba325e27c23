// Each kernel on WebGPU against its reference, forward and every gradient, over random shapes. The seed is printed in
// each message; a run with another seed is one constant away.
import { assert } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { openWebGpu, probeWebGpu, type WebGpuEngine } from "./mod.ts";
import { adamw, adamwRates } from "../../../kernels/adamw/mod.ts";
import { aliasFreeGelu } from "../../../kernels/alias_free_gelu/mod.ts";
import { attention } from "../../../kernels/attention/mod.ts";
import { filteredDownsample } from "../../../kernels/filtered_downsample/mod.ts";
import { filteredUpsample } from "../../../kernels/filtered_upsample/mod.ts";
import { gelu } from "../../../kernels/gelu/mod.ts";
import { groupNorm } from "../../../kernels/group_norm/mod.ts";
import { layerNorm } from "../../../kernels/layer_norm/mod.ts";
import { randomNormal } from "../../../kernels/random_normal/mod.ts";

const probe = await probeWebGpu();
const why = probe.available ? "" : " (NOTHING TESTED: no GPU, and no software GPU such as mesa-vulkan-drivers)";
let opened: Promise<WebGpuEngine> | null = null;

interface Numbers {
  shape: number[];
  values: Float32Array;
}

/** mulberry32: enough for test inputs. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Random {
  readonly next: () => number;
  constructor(readonly seed: number) {
    this.next = generator(seed);
  }
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }
  of<T>(...choices: T[]): T {
    return choices[this.integer(0, choices.length - 1)]!;
  }
  numbers(shape: number[], center = 0): Numbers {
    const size = tf.util.sizeFromShape(shape);
    return { shape, values: Float32Array.from({ length: size }, () => center + 4 * this.next() - 2) };
  }
}

/** Output and gradients of sum(output * weights) for each input. */
async function outputAndGradients(
  backend: string,
  inputs: Numbers[],
  differentiable: number,
  run: (...tensors: tf.Tensor[]) => tf.Tensor,
): Promise<Numbers[]> {
  await tf.setBackend(backend);
  const tensors = inputs.map(({ shape, values }) => tf.tensor(values, shape));
  const results = tf.tidy(() => {
    const output = run(...tensors);
    const weights = tf.tensor(Float32Array.from({ length: output.size }, (_, i) => Math.sin(1 + 3 * i)), output.shape);
    const rest = tensors.slice(differentiable);
    const gradients = tf.grads((...x: tf.Tensor[]) => run(...x, ...rest))(tensors.slice(0, differentiable), weights);
    return [output, ...gradients];
  });
  const read = await Promise.all(
    results.map(async (tensor) => ({ shape: tensor.shape, values: (await tensor.data()).slice() as Float32Array })),
  );
  tf.dispose([...tensors, ...results]);
  return read;
}

function assertAgree(message: string, actual: Numbers, expected: Numbers, tolerance: number): void {
  assert(String(actual.shape) === String(expected.shape), `${message}: shape ${actual.shape}, not ${expected.shape}`);
  const scale = expected.values.reduce(
    (most, value) => Math.max(most, Number.isFinite(value) ? Math.abs(value) : 0),
    1,
  );
  expected.values.forEach((value, i) => {
    const other = actual.values[i]!;
    const agree = Number.isFinite(value) ? Math.abs(value - other) <= tolerance * scale : Object.is(value, other);
    assert(agree, `${message}: element ${i} is ${other}, the reference has ${value} (largest ${scale})`);
  });
}

function gpuTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `webgpu against the reference: ${name}${why}`,
    ignore: !probe.available,
    sanitizeOps: false, // The device outlives the test.
    sanitizeResources: false,
    fn: async () => {
      await (opened ??= openWebGpu({ software: true }));
      await fn();
    },
  });
}

function kernelTest(
  name: string,
  cases: number,
  make: (random: Random) => {
    inputs: Numbers[];
    differentiable: number;
    run: (...tensors: tf.Tensor[]) => tf.Tensor;
    tolerance?: number;
  },
): void {
  gpuTest(name, async () => {
    for (let seed = 1; seed <= cases; seed++) {
      const { inputs, differentiable, run, tolerance = 3e-5 } = make(new Random(1000 * name.length + seed));
      const expected = await outputAndGradients("cpu", inputs, differentiable, run);
      const actual = await outputAndGradients("webgpu", inputs, differentiable, run);
      const again = await outputAndGradients("webgpu", inputs, differentiable, run);
      const shapes = inputs.map(({ shape }) => `[${shape}]`).join();
      expected.forEach((numbers, i) => {
        const message = `${name}, seed ${seed}, ${shapes}, ${i === 0 ? "output" : `gradient ${i}`}`;
        assertAgree(message, actual[i]!, numbers, tolerance);
        assert(String(actual[i]!.values) === String(again[i]!.values), `${message}: two runs differ`);
      });
    }
  });
}

const image = (random: Random, most = 9) =>
  random.numbers([
    random.integer(1, 3),
    random.integer(1, most),
    random.integer(1, most),
    random.of(1, 2, 3, 4, 5, 8, 12),
  ]);
const filter = (random: Random) => {
  const taps = random.of(2, 3, 4, 5, 12);
  return random.numbers([taps, taps]);
};

kernelTest("gelu", 4, (random) => ({ inputs: [image(random)], differentiable: 1, run: (x) => gelu(x!) }));

kernelTest("gelu of NaN, infinities and large numbers", 1, () => ({
  inputs: [{ shape: [6], values: Float32Array.of(NaN, Infinity, -Infinity, 30, -30, 0) }],
  differentiable: 1,
  run: (x) => gelu(x!),
}));

kernelTest("filtered upsampling", 12, (random) => ({
  inputs: [image(random), filter(random)],
  differentiable: 1,
  run: (x, lowpass) => filteredUpsample(x as tf.Tensor4D, lowpass as tf.Tensor2D),
}));

kernelTest("filtered downsampling", 12, (random) => ({
  inputs: [image(random), filter(random)],
  differentiable: 1,
  run: (x, lowpass) => filteredDownsample(x as tf.Tensor4D, lowpass as tf.Tensor2D),
}));

kernelTest("alias-free GELU", 8, (random) => ({
  inputs: [image(random, 11), filter(random), filter(random)],
  differentiable: 1,
  run: (x, up, down) => aliasFreeGelu(x as tf.Tensor4D, { up: up as tf.Tensor2D, down: down as tf.Tensor2D }),
}));

kernelTest("alias-free GELU with a GroupNorm inside", 6, (random) => {
  const x = image(random, 13), channels = x.shape[3]!;
  return {
    inputs: [x, random.numbers([channels]), random.numbers([channels]), filter(random), filter(random)],
    differentiable: 3,
    run: (x, scale, offset, up, down) =>
      aliasFreeGelu(x as tf.Tensor4D, {
        up: up as tf.Tensor2D,
        down: down as tf.Tensor2D,
        norm: { scale: scale as tf.Tensor1D, offset: offset as tf.Tensor1D },
      }),
    tolerance: 2e-4,
  };
});

kernelTest("group normalization", 10, (random) => {
  const x = random.numbers(image(random, 17).shape, random.of(0, 0, 20)), channels = x.shape[3]!;
  return {
    inputs: [x, random.numbers([channels]), random.numbers([channels])],
    differentiable: 3,
    run: (x, scale, offset) => groupNorm(x as tf.Tensor4D, scale as tf.Tensor1D, offset as tf.Tensor1D),
    tolerance: 1e-4,
  };
});

kernelTest("layer normalization", 10, (random) => {
  const channels = random.of(1, 3, 4, 32, 96, 130), x = random.numbers([random.integer(1, 100), channels]);
  return {
    inputs: [x, random.numbers([channels]), random.numbers([channels])],
    differentiable: 3,
    run: (x, scale, offset) => layerNorm(x as tf.Tensor2D, scale as tf.Tensor1D, offset as tf.Tensor1D),
    tolerance: 1e-4,
  };
});

kernelTest("attention", 6, (random) => {
  const heads = random.of(1, 2, 4), headSize = random.of(1, 2, 3, 4, 8, 16, 32);
  const shape = [random.integer(1, 3), random.integer(1, 90), heads * headSize];
  return {
    inputs: [random.numbers(shape), random.numbers(shape), random.numbers(shape)],
    differentiable: 3,
    run: (q, k, v) => attention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, heads),
    tolerance: 1e-4,
  };
});

kernelTest("sums over leading and middle axes", 10, (random) => {
  const axes = random.of([0], [1], [0, 1], [1, 2], [0, 1, 2]), keepDims = random.of(true, false);
  const shape = [random.integer(1, 9), random.integer(1, 70), random.integer(1, 9), random.integer(1, 50)];
  return { inputs: [random.numbers(shape)], differentiable: 1, run: (x) => tf.sum(x!, axes, keepDims) };
});

/** Runs a function of no arguments on both engines and reads its tensors. */
async function onBoth(run: () => tf.Tensor[]): Promise<[Numbers[], Numbers[]]> {
  const results: Numbers[][] = [];
  for (const backend of ["webgpu", "cpu"]) {
    await tf.setBackend(backend);
    const tensors = run();
    results.push(
      await Promise.all(
        tensors.map(async (x) => ({ shape: x.shape, values: (await x.data()).slice() as Float32Array })),
      ),
    );
    tf.dispose(tensors);
  }
  return results as [Numbers[], Numbers[]];
}

gpuTest("normal numbers", async () => {
  const words = (...numbers: number[]) => tf.tensor1d(numbers, "int32");
  for (const counter of [[0, 0, 0, 0], [-1, 5, 0, 0], [-2, -1, -1, 7]]) {
    for (const shape of [[1], [3, 5], [700]]) {
      const [actual, expected] = await onBoth(() => [randomNormal(shape, words(42, 4), words(...counter))]);
      assertAgree(`counter ${counter}, shape ${shape}`, actual[0]!, expected[0]!, 1e-6);
    }
  }
});

gpuTest("AdamW over many parameters", async () => {
  const random = new Random(7),
    shapes = Array.from({ length: 19 }, () => [random.integer(1, 40), random.integer(1, 60)]);
  const values = shapes.map((shape) => [0, 1, 2, 3].map((i) => random.numbers(shape, i === 3 ? 3 : 0)));
  const [actual, expected] = await onBoth(() => {
    const variable = ({ shape, values }: Numbers) => tf.variable(tf.tensor(values, shape));
    const slots = values.map(([p, g, m, v]) => ({
      parameter: variable(p!),
      gradient: tf.tensor(g!.values, g!.shape),
      mean: variable(m!),
      square: variable(v!),
    }));
    const old = slots[0]!.parameter.clone();
    adamw(slots, tf.tensor1d(adamwRates({ learningRate: 0.01, weightDecay: 0.1, step: 3 })));
    return [old, ...slots.flatMap(({ parameter, mean, square }) => [parameter, mean, square])];
  });
  expected.forEach((numbers, i) => assertAgree(`tensor ${i}`, actual[i]!, numbers, 1e-6));
});

kernelTest("matrix products", 12, (random) => {
  const [rows, columns] = [random.integer(1, 90), random.integer(1, 90)], depth = random.of(1, 7, 64, 1040);
  const [transposeA, transposeB] = [random.of(true, false), random.of(true, false)], batch = random.of([], [3]);
  return {
    inputs: [
      random.numbers([...batch, ...(transposeA ? [depth, rows] : [rows, depth])]),
      random.numbers([...batch, ...(transposeB ? [columns, depth] : [depth, columns])]),
    ],
    differentiable: 2,
    run: (a, b) => tf.matMul(a!, b!, transposeA, transposeB),
  };
});

kernelTest("matrix products with a bias", 3, (random) => {
  const [rows, columns, depth] = [random.integer(1, 9), random.integer(1, 40), random.integer(1, 40)];
  return {
    inputs: [random.numbers([rows, depth]), random.numbers([depth, columns]), random.numbers([columns])],
    differentiable: 3,
    run: (a, b, bias) => tf.fused.matMul({ a: a!, b: b!, bias: bias! }),
  };
});

kernelTest("convolutions", 12, (random) => {
  const [inputs, outputs, taps] = [random.of(1, 3, 4, 8), random.of(1, 3, 4, 36), random.of(1, 2, 3)];
  const x = random.numbers([random.integer(1, 3), random.integer(3, 20), random.integer(3, 20), inputs]);
  const stride = random.of(1, 1, 2), padding = random.of("same" as const, "valid" as const);
  return {
    inputs: [x, random.numbers([taps, taps, inputs, outputs])],
    differentiable: 2,
    run: (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, padding),
  };
});

kernelTest("splitting into equal pieces", 6, (random) => {
  const axis = random.of(0, 1, 2), parts = random.of(1, 2, 3, 4), shape = [2, 3, 5];
  shape[axis]! *= parts;
  return {
    inputs: [random.numbers(shape)],
    differentiable: 1,
    run: (x) => tf.addN(tf.split(x!, parts, axis).map((piece, i) => piece.mul(i + 1))),
  };
});
