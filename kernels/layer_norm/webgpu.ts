// Layer normalization on WebGPU. Forward takes one dispatch. Backward takes two: one for dx and
// each workgroup's contribution to the gradients of scale and offset, and one to add the
// contributions up.
import type * as tf from "@tensorflow/tfjs";
import { epsilon } from "../shared/normalize.ts";
import {
  emptyTensor,
  inputOf,
  type KernelCall,
  registerWebGpuKernel,
  spreadWorkgroups,
} from "../shared/wgsl.ts";
import forward from "./layer_norm.wgsl" with { type: "text" };
import backward from "./layer_norm_grad.wgsl" with { type: "text" };
import addShares from "./layer_norm_shares.wgsl" with { type: "text" };
import { sizes2 } from "../shared/ranks.ts";

/** The number of threads that share a row: a power of two, about half the number of channels. */
function lanesOf(channels: number): number {
  return Math.min(64, 2 ** Math.ceil(Math.log2(Math.max(1, channels / 2))));
}

function layerNorm(call: KernelCall): tf.TensorInfo {
  const { backend } = call;
  const x = inputOf(call, "x");
  const [rows, channels] = sizes2(x.shape);
  const lanes = lanesOf(channels);
  const y = emptyTensor(backend, x.shape);
  backend.runWgsl({
    name: "LayerNorm",
    code: forward,
    constants: { LANES: lanes, ROWS: 256 / lanes, EPSILON: epsilon },
    reads: [x, inputOf(call, "scale"), inputOf(call, "offset")],
    writes: [y],
    uniforms: [rows, channels],
    workgroups: spreadWorkgroups(Math.ceil(rows * lanes / 256)),
  });
  return y;
}

function layerNormGrad(call: KernelCall): tf.TensorInfo[] {
  const { backend } = call;
  const x = inputOf(call, "x");
  const [rows, channels] = sizes2(x.shape);
  const lanes = lanesOf(channels);
  const groups = Math.min(128, Math.ceil(rows * lanes / 256));
  const dx = emptyTensor(backend, x.shape);
  const shares = emptyTensor(backend, [groups, 2, channels]);
  backend.runWgsl({
    name: "LayerNormGrad",
    code: backward,
    constants: {
      LANES: lanes,
      ROWS: 256 / lanes,
      PER_LANE: Math.ceil(channels / lanes),
      GROUPS: groups,
      EPSILON: epsilon,
    },
    reads: [x, inputOf(call, "dy"), inputOf(call, "scale")],
    writes: [dx, shares],
    uniforms: [rows, channels],
    workgroups: [groups, 1, 1],
  });
  const dscale = emptyTensor(backend, [channels]);
  const doffset = emptyTensor(backend, [channels]);
  backend.runWgsl({
    name: "LayerNormGrad shares",
    code: addShares,
    reads: [shares],
    writes: [dscale, doffset],
    uniforms: [groups, channels],
    workgroups: [Math.ceil(channels / 32), 1, 1],
  });
  backend.disposeData(shares.dataId);
  return [dx, dscale, doffset];
}

/** Registers the kernels. */
export function register(): void {
  registerWebGpuKernel("LayerNorm", layerNorm);
  registerWebGpuKernel("LayerNormGrad", layerNormGrad);
}
