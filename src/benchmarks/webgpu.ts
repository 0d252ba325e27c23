// Benchmarks of the engine `webgpu`: `deno run -A src/benchmarks/webgpu.ts [IMAGE_SIZE] [BATCH]
// [REPEATS]`
//
// The first table tells of a train step how many dispatches it makes, how long JavaScript takes for
// each (the least of all calls), and how long the whole step takes. The second has each fused
// kernel, forward and gradient for a given dy, beside the same composed of the kernels that tfjs
// comes with, none of them replaced by ours. All milliseconds are what one call adds to many that
// are submitted without waiting (see millisecondsPerCall): the GPU's, or JavaScript's where it
// takes longer to submit a call than the GPU to run it, as it may for small images on a fast GPU.
import * as tf from "@tensorflow/tfjs";
import { adamwRates } from "../../kernels/adamw/mod.ts";
import { aliasFreeGelu } from "../../kernels/alias_free_gelu/mod.ts";
import { attention } from "../../kernels/attention/mod.ts";
import { filteredDownsample } from "../../kernels/filtered_downsample/mod.ts";
import { filteredUpsample } from "../../kernels/filtered_upsample/mod.ts";
import { gelu } from "../../kernels/gelu/mod.ts";
import { groupNorm } from "../../kernels/group_norm/mod.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { withStockKernels } from "../engines/webgpu/replacements/replace.ts";
import { noiseSchedule, noisingFactors } from "../diffusion/mod.ts";
import { openWebGpu, type WebGpuEngine, type WebGpuJitFunction } from "../engines/webgpu/mod.ts";
import { lowpassKernel } from "../filters/mod.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { disposeState, newState } from "../training/state.ts";
import { jittedTrainStep } from "../training/train.ts";
import { compileUNet } from "../unet/mod.ts";

/** The variants of the network, as their specs say them. */
const variants = {
  A: "architecture: A",
  B: "architecture: B",
  C: "architecture: C",
  D: "architecture: D",
  "D, normInside": "architecture: D, normInside: true",
} as const;

/** What one train step costs. */
export interface TrainStepCost {
  /** Of `variants`. */
  readonly variant: keyof typeof variants;
  readonly dispatches: number;
  /** Microseconds of JavaScript for each dispatch, the least of all calls. */
  readonly scriptMicroseconds: number;
  /** The same with what Deno does natively when commands are finished and submitted. */
  readonly callMicroseconds: number;
  /** Of the step with its work on the GPU. */
  readonly milliseconds: number;
  readonly kernels: Readonly<Record<string, number>>;
}

/** A fused kernel beside its composition, forward and gradient, in milliseconds. */
export interface KernelCost {
  readonly kernel: string;
  readonly fused: number;
  readonly composed: number;
}

/**
 * What each further call adds to the time until all calls are finished. A single one cannot be
 * timed, because to wait for the GPU costs some 11 ms by itself: Deno sleeps for 10 ms after it has
 * seen the work done, and a fast GPU needs a hundredth of that for a kernel. So the time of one
 * call with one wait is taken from that of many calls with one wait, each the least of its repeats;
 * the calls are so many that the difference dwarfs the wait's jitter of a millisecond or two. The
 * first call, which records and compiles, is not counted.
 */
async function millisecondsPerCall(
  engine: WebGpuEngine,
  call: () => void,
  repeats: number,
): Promise<number> {
  const leastDifference = 100;
  const mostCalls = 4096;
  const timeOf = async (calls: number) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) call();
    await engine.settle();
    return performance.now() - start;
  };
  await timeOf(1);
  let one = await timeOf(1);
  let calls = 2;
  while (calls < mostCalls && await timeOf(calls) - one < leastDifference) calls *= 2;
  let many = Infinity;
  for (let i = 0; i < repeats; i++) {
    one = Math.min(one, await timeOf(1));
    many = Math.min(many, await timeOf(calls));
  }
  return (many - one) / (calls - 1);
}

/** Adds up the time that a method takes, until it is removed. */
function stopwatch<Name extends string>(
  prototype: { [name in Name]: (...args: never[]) => unknown },
  name: Name,
): { reset(): void; elapsed(): number; remove(): void } {
  const method = prototype[name];
  let elapsed = 0;
  prototype[name] = function (this: unknown, ...args: never[]) {
    const start = performance.now();
    try {
      return method.apply(this, args);
    } finally {
      elapsed += performance.now() - start;
    }
  };
  return {
    reset: () => elapsed = 0,
    elapsed: () => elapsed,
    remove: () => prototype[name] = method,
  };
}

/** Times the train step of a variant as training makes it, the weights' moving average included. */
export async function timeTrainStep(
  engine: WebGpuEngine,
  variant: TrainStepCost["variant"],
  { imageSize, batch, repeats }: { imageSize: number; batch: number; repeats: number },
): Promise<TrainStepCost> {
  // CIFAR-10's images have three channels; nothing is read from disk.
  const spec = resolveSpec(parseSpec(
    `{ ${
      variants[variant]
    }, dataset: cifar-10, imageSize: ${imageSize}, training: { emaDecay: 0.999 } }`,
  ));
  const state = newState(compileUNet(spec), true);
  const factors = noisingFactors(noiseSchedule(spec.noise));
  const step = jittedTrainStep(engine, spec, state, factors) as WebGpuJitFunction;
  const inputs = [
    tf.tensor1d(philoxKey(spec.seed, "trainingNoise"), "int32"),
    tf.tensor1d([0, 0, 1, 0], "int32"),
    tf.randomNormal([batch, imageSize, imageSize, 3], 0, 1, "float32", 1),
    tf.tensor1d(Array.from({ length: batch }, (_, i) => 1 + 61 * i % 999), "int32"),
    tf.tensor1d(adamwRates({ learningRate: 3e-4, weightDecay: 0.01, step: 1 })),
    tf.scalar(0.999),
  ];
  const native = [
    stopwatch(GPUCommandEncoder.prototype, "finish"),
    stopwatch(GPUQueue.prototype, "submit"),
  ];
  let leastScript = Infinity;
  let leastCall = Infinity;
  const milliseconds = await millisecondsPerCall(engine, () => {
    native.forEach((watch) => watch.reset());
    const start = performance.now();
    const loss = step(...inputs);
    const call = performance.now() - start;
    const script = call - native.reduce((sum, watch) => sum + watch.elapsed(), 0);
    tf.dispose(loss);
    leastScript = Math.min(leastScript, script);
    leastCall = Math.min(leastCall, call);
  }, repeats);
  const { dispatches, kernels } = step.statistics()!;
  native.forEach((watch) => watch.remove());
  step.dispose();
  disposeState(state);
  tf.dispose([factors, ...inputs]);
  return {
    variant,
    dispatches,
    scriptMicroseconds: 1000 * leastScript / dispatches,
    callMicroseconds: 1000 * leastCall / dispatches,
    milliseconds,
    kernels,
  };
}

type Pair = [
  kernel: string,
  fused: (x: tf.Tensor) => tf.Tensor,
  composed: (x: tf.Tensor) => tf.Tensor,
];

/** Zeros between the pixels, then a filter, from tfjs operations. */
function composedUpsample(x: tf.Tensor4D, depthwise: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const columns = tf.pad(x.reshape([batch * height, width, channels]), [[0, 0], [0, 0], [
    0,
    channels,
  ]]);
  const rows = tf.pad(columns.reshape([batch * height, 1, 2 * width * channels]), [[0, 0], [0, 1], [
    0,
    0,
  ]]);
  return tf.depthwiseConv2d(
    rows.reshape([batch, 2 * height, 2 * width, channels]),
    depthwise,
    1,
    "same",
  );
}

function composedDownsample(x: tf.Tensor4D, depthwise: tf.Tensor4D): tf.Tensor4D {
  return tf.depthwiseConv2d(
    tf.pad(x, [[0, 0], [1, 0], [1, 0], [0, 0]]),
    depthwise,
    [2, 2],
    "valid",
  );
}

function composedGelu(x: tf.Tensor): tf.Tensor {
  return x.mul(0.5).mul(tf.erf(x.mul(Math.SQRT1_2)).add(1));
}

function composedGroupNorm(x: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, [1, 2, 3], true);
  return x.sub(mean).div(variance.add(1e-5).sqrt());
}

function composedAttention(x: tf.Tensor, heads: number): tf.Tensor {
  const [batch, positions, channels] = x.shape as [number, number, number];
  const size = channels / heads;
  const split = x.reshape([batch, positions, heads, size]).transpose([0, 2, 1, 3]);
  const weights = tf.softmax(tf.matMul(split, split, false, true).mul(1 / Math.sqrt(size)));
  return tf.matMul(weights, split).transpose([0, 2, 1, 3]).reshape([batch, positions, channels]);
}

/**
 * Forward and gradient, some times over, each from the results of the one before: x is its gradient
 * and dy its value, which have the same shapes. So nothing is left out as unused, and nothing but
 * the kernels is computed to keep it.
 */
function forwardAndGradient(
  run: (x: tf.Tensor) => tf.Tensor,
  passes: number,
  x: tf.Tensor,
  dy: tf.Tensor,
): [value: tf.Tensor, grad: tf.Tensor] {
  const { value, grad } = tf.valueAndGrad(run)(x, dy);
  return passes === 1 ? [value, grad] : forwardAndGradient(run, passes - 1, grad, value);
}

/** Times every fused kernel beside its composition, for a batch of images. */
export async function timeKernels(
  engine: WebGpuEngine,
  { imageSize, batch, repeats }: { imageSize: number; batch: number; repeats: number },
): Promise<KernelCost[]> {
  const channels = 32;
  const taps = lowpassKernel({ size: 3, kaiserBeta: 2, normalized: true });
  const lowpass = tf.tensor2d(Float32Array.from(taps), [3, 3]);
  const depthwise = tf.tile(lowpass.reshape([3, 3, 1, 1]), [1, 1, channels, 1]) as tf.Tensor4D;
  const deviation = 0.1; // With 1, the gradients of gradients of attention are soon beyond float32.
  const ones = tf.ones([channels]) as tf.Tensor1D;
  const zeros = tf.zeros([channels]) as tf.Tensor1D;
  const x = tf.randomNormal(
    [batch, imageSize, imageSize, channels],
    0,
    deviation,
    "float32",
    1,
  ) as tf.Tensor4D;
  const positions = (image: tf.Tensor) =>
    image.reshape([batch, imageSize * imageSize, channels]) as tf.Tensor3D;
  const pairs: Pair[] = [
    ["filteredUpsample", (x) => filteredUpsample(x as tf.Tensor4D, lowpass), (x) => {
      return composedUpsample(x as tf.Tensor4D, depthwise);
    }],
    ["filteredDownsample", (x) => filteredDownsample(x as tf.Tensor4D, lowpass), (x) => {
      return composedDownsample(x as tf.Tensor4D, depthwise);
    }],
    [
      "aliasFreeGelu",
      (x) => aliasFreeGelu(x as tf.Tensor4D, { up: lowpass, down: lowpass }),
      (x) => {
        const doubled = composedGelu(composedUpsample(x as tf.Tensor4D, depthwise));
        return composedDownsample(doubled as tf.Tensor4D, depthwise);
      },
    ],
    ["aliasFreeGelu, normInside", (x) => {
      return aliasFreeGelu(x as tf.Tensor4D, {
        up: lowpass,
        down: lowpass,
        norm: { scale: ones, offset: zeros },
      });
    }, (x) => {
      const normed = composedGroupNorm(composedUpsample(x as tf.Tensor4D, depthwise)).mul(ones).add(
        zeros,
      );
      return composedDownsample(composedGelu(normed) as tf.Tensor4D, depthwise);
    }],
    ["gelu", (x) => gelu(x), (x) => composedGelu(x)],
    [
      "groupNorm",
      (x) => groupNorm(x as tf.Tensor4D, ones, zeros),
      (x) => composedGroupNorm(x).mul(ones).add(zeros),
    ],
    ["attention", (x) => {
      const p = positions(x);
      return attention(p, p, p, 4);
    }, (x) => composedAttention(positions(x), 4)],
  ];
  // To submit a call takes longer than a fast GPU needs for a kernel, and so does the copying of
  // what a call returns (x and dy are captured, which copies nothing): it makes many passes. Beside
  // a software GPU's time all that is little.
  const passes = engine.hardwareGpu ? 16 : 1;
  const costs: KernelCost[] = [];
  for (const [kernel, fused, composed] of pairs) {
    const shape = tf.tidy(() => fused(x).shape);
    const dy = tf.randomNormal(shape, 0, deviation, "float32", 2);
    const time = async (pass: () => tf.Tensor[]) => {
      const jitted = engine.jit(pass);
      const milliseconds = await millisecondsPerCall(engine, () => tf.dispose(jitted()), repeats);
      jitted.dispose();
      return milliseconds / passes;
    };
    costs.push({
      kernel,
      fused: await time(() => forwardAndGradient(fused, passes, x, dy)),
      composed: await time(() =>
        withStockKernels(() => forwardAndGradient(composed, passes, x, dy))
      ),
    });
    dy.dispose();
  }
  tf.dispose([lowpass, depthwise, ones, zeros, x]);
  return costs;
}

if (import.meta.main) {
  const [imageSize = 32, batch = 16, repeats = 5] = Deno.args.map(Number);
  const engine = await openWebGpu({ software: true });
  const options = { imageSize, batch, repeats };
  console.log(`${engine.description}; ${imageSize} x ${imageSize} pixels, batch ${batch}\n`);
  console.log(
    "| train step | dispatches | JavaScript, us a dispatch | with Deno's finish and submit | ms | images / s |\n" +
      "| --- | --- | --- | --- | --- | --- |",
  );
  for (const variant of Object.keys(variants) as TrainStepCost["variant"][]) {
    const cost = await timeTrainStep(engine, variant, options);
    const [script, call] = [cost.scriptMicroseconds, cost.callMicroseconds].map((value) =>
      value.toFixed(1)
    );
    const figures = [cost.dispatches, script, call, cost.milliseconds.toFixed(1)];
    console.log(
      `| ${variant} | ${figures.join(" | ")} | ${(1000 * batch / cost.milliseconds).toFixed(1)} |`,
    );
  }
  console.log(
    "\n| kernel, forward and gradient | fused, ms | composed, ms | times |\n| --- | --- | --- | --- |",
  );
  for (const { kernel, fused, composed } of await timeKernels(engine, options)) {
    console.log(
      `| ${kernel} | ${fused.toFixed(2)} | ${composed.toFixed(2)} | ${
        (composed / fused).toFixed(1)
      } |`,
    );
  }
  engine.dispose();
}
