/** Compares each fused kernel with the same computation composed of tfjs's own WebGPU kernels. */
import * as tf from "@tensorflow/tfjs";
import { aliasFreeGelu } from "../../kernels/alias_free_gelu/mod.ts";
import { attention } from "../../kernels/attention/mod.ts";
import { filteredDownsample } from "../../kernels/filtered_downsample/mod.ts";
import { filteredUpsample } from "../../kernels/filtered_upsample/mod.ts";
import { gelu } from "../../kernels/gelu/mod.ts";
import { groupNorm } from "../../kernels/group_norm/mod.ts";
import { rank1, rank3, rank4 } from "../../kernels/shared/ranks.ts";
import { withStockKernels } from "../engines/webgpu/replacements/replace.ts";
import type { WebGpuEngine } from "../engines/webgpu/mod.ts";
import { lowpassKernel } from "../filters/mod.ts";
import { millisecondsPerCall } from "./webgpu_clock.ts";

/** Milliseconds of a fused kernel and of its composition, forward and gradient. */
export interface KernelCost {
  readonly kernel: string;
  readonly fused: number;
  readonly composed: number;
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
  const [batch, positions, channels] = rank3(x).shape;
  const size = channels / heads;
  const split = x.reshape([batch, positions, heads, size]).transpose([0, 2, 1, 3]);
  const weights = tf.softmax(tf.matMul(split, split, false, true).mul(1 / Math.sqrt(size)));
  return tf.matMul(weights, split).transpose([0, 2, 1, 3]).reshape([batch, positions, channels]);
}

/**
 * Computes value and gradient several times. Each pass takes the gradient and the value of the one
 * before as its x and dy, which have the same shapes. So no pass is dropped as unused, and only the
 * kernels are computed.
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

/** Times every fused kernel and its composition for a batch of images. */
export async function timeKernels(
  engine: WebGpuEngine,
  { imageSize, batch, repeats }: { imageSize: number; batch: number; repeats: number },
): Promise<KernelCost[]> {
  const channels = 32;
  const taps = lowpassKernel({ size: 3, kaiserBeta: 2, normalized: true });
  const lowpass = tf.tensor2d(Float32Array.from(taps), [3, 3]);
  const depthwise = rank4(tf.tile(lowpass.reshape([3, 3, 1, 1]), [1, 1, channels, 1]));
  const deviation = 0.1; // With 1, repeated gradients of attention soon exceed float32.
  const ones = rank1(tf.ones([channels]));
  const zeros = rank1(tf.zeros([channels]));
  const x = tf.randomNormal(
    [batch, imageSize, imageSize, channels],
    0,
    deviation,
    "float32",
    1,
  );
  const positions = (image: tf.Tensor) =>
    rank3(image.reshape([batch, imageSize * imageSize, channels]));
  const pairs: Pair[] = [
    ["filteredUpsample", (x) => filteredUpsample(rank4(x), lowpass), (x) => {
      return composedUpsample(rank4(x), depthwise);
    }],
    ["filteredDownsample", (x) => filteredDownsample(rank4(x), lowpass), (x) => {
      return composedDownsample(rank4(x), depthwise);
    }],
    [
      "aliasFreeGelu",
      (x) => aliasFreeGelu(rank4(x), { up: lowpass, down: lowpass }),
      (x) => {
        const doubled = composedGelu(composedUpsample(rank4(x), depthwise));
        return composedDownsample(rank4(doubled), depthwise);
      },
    ],
    ["aliasFreeGelu, normInside", (x) => {
      return aliasFreeGelu(rank4(x), {
        up: lowpass,
        down: lowpass,
        norm: { scale: ones, offset: zeros },
      });
    }, (x) => {
      const normed = composedGroupNorm(composedUpsample(rank4(x), depthwise)).mul(ones).add(
        zeros,
      );
      return composedDownsample(rank4(composedGelu(normed)), depthwise);
    }],
    ["gelu", (x) => gelu(x), (x) => composedGelu(x)],
    [
      "groupNorm",
      (x) => groupNorm(rank4(x), ones, zeros),
      (x) => composedGroupNorm(x).mul(ones).add(zeros),
    ],
    ["attention", (x) => {
      const p = positions(x);
      return attention(p, p, p, 4);
    }, (x) => composedAttention(positions(x), 4)],
  ];
  // Submitting a call, and copying its results, takes longer than a fast GPU needs for a kernel, so
  // a call makes many passes. (Captured tensors such as x and dy are not copied.) On a software GPU
  // this does not matter.
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
