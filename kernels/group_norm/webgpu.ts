// Group normalization on WebGPU. Workgroups sum up parts of an image, which is then normalized. The
// gradient needs the sums for each channel, their sum over the image, and a last pass. It uses no
// atomics, so every run gives the same bytes.
import type * as tf from "@tensorflow/tfjs";
import { epsilon } from "../shared/normalize.ts";
import {
  emptyTensor,
  inputOf,
  type KernelCall,
  registerWebGpuKernel,
  vectorWidth,
  withValueType,
} from "../shared/wgsl.ts";
import apply from "./apply.wgsl" with { type: "text" };
import gradApply from "./grad_apply.wgsl" with { type: "text" };
import gradImage from "./grad_image.wgsl" with { type: "text" };
import gradSums from "./grad_sums.wgsl" with { type: "text" };
import statistics from "./statistics.wgsl" with { type: "text" };
import { sizes4 } from "../shared/ranks.ts";

/** Values that a workgroup of the last pass computes. */
const appliedValues = 1024;

/**
 * The number of parts per image: enough to fill a GPU, few enough for every workgroup to sum them
 * up.
 */
function partsOf(values: number): number {
  return Math.min(32, Math.ceil(values / 2048));
}

function groupNorm(call: KernelCall): tf.TensorInfo {
  const { backend } = call;
  const x = inputOf(call, "x");
  const [batch, height, width, channels] = sizes4(x.shape);
  const vector = vectorWidth(channels);
  const imageSize = height * width * channels / vector;
  const parts = partsOf(imageSize);
  const sums = emptyTensor(backend, [batch, parts, 2]);
  const y = emptyTensor(backend, x.shape);
  backend.runWgsl({
    name: "GroupNorm statistics",
    code: withValueType(vector, statistics),
    constants: { PARTS: parts },
    reads: [x],
    writes: [sums],
    uniforms: [imageSize, Math.ceil(imageSize / parts)],
    workgroups: [parts, batch, 1],
  });
  backend.runWgsl({
    name: "GroupNorm",
    code: withValueType(vector, apply),
    constants: { PARTS: parts, EPSILON: epsilon },
    reads: [x, sums, inputOf(call, "scale"), inputOf(call, "offset")],
    writes: [y],
    uniforms: [imageSize, channels / vector],
    workgroups: [Math.ceil(imageSize / appliedValues), batch, 1],
  });
  backend.disposeData(sums.dataId);
  return y;
}

function groupNormGrad(call: KernelCall): tf.TensorInfo[] {
  const { backend } = call;
  const [x, dy, scale] = [inputOf(call, "x"), inputOf(call, "dy"), inputOf(call, "scale")];
  const [batch, height, width, channels] = sizes4(x.shape);
  const pixels = height * width;
  const vector = vectorWidth(channels);
  const values = channels / vector;
  const parts = partsOf(pixels * values);
  const sums = emptyTensor(backend, [batch, parts, 4, channels]);
  const statistics = emptyTensor(backend, [batch, 4]);
  const shares = emptyTensor(backend, [batch, 2, channels]);
  const dx = emptyTensor(backend, x.shape);
  const dscale = emptyTensor(backend, [channels]);
  const doffset = emptyTensor(backend, [channels]);
  backend.runWgsl({
    name: "GroupNormGrad sums",
    code: withValueType(vector, gradSums),
    constants: { PARTS: parts },
    reads: [x, dy],
    writes: [sums],
    uniforms: [pixels, Math.ceil(pixels / parts), values],
    workgroups: [parts, batch, 1],
  });
  backend.runWgsl({
    name: "GroupNormGrad image",
    code: withValueType(vector, gradImage),
    constants: { PARTS: parts, EPSILON: epsilon },
    reads: [x, dy, sums, scale],
    writes: [statistics, shares],
    uniforms: [pixels, values],
    workgroups: [batch, 1, 1],
  });
  const across = Math.max(Math.ceil(pixels * values / appliedValues), Math.ceil(values / 256));
  backend.runWgsl({
    name: "GroupNormGrad",
    code: withValueType(vector, gradApply),
    reads: [x, dy, scale, statistics, shares],
    writes: [dx, dscale, doffset],
    uniforms: [pixels * values, values, batch],
    workgroups: [across, batch + 1, 1],
  });
  for (const temporary of [sums, statistics, shares]) backend.disposeData(temporary.dataId);
  return [dx, dscale, doffset];
}

/** Registers the kernels. */
export function register(): void {
  registerWebGpuKernel("GroupNorm", groupNorm);
  registerWebGpuKernel("GroupNormGrad", groupNormGrad);
}
