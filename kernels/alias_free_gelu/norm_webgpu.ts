// The alias-free GELU with a GroupNorm inside on WebGPU: two dispatches forward, three backward.
// Each pass recomputes the doubled image and never stores it. Its mean and 1 / deviation are kept
// for the gradient.
import type * as tf from "@tensorflow/tfjs";
import { epsilon } from "../shared/normalize.ts";
import {
  emptyTensor,
  inputOf,
  type KernelCall,
  registerWebGpuKernel,
  withValueType,
} from "../shared/wgsl.ts";
import backward from "./backward.wgsl" with { type: "text" };
import dyPiece from "./dy_piece.wgsl" with { type: "text" };
import forward from "./forward.wgsl" with { type: "text" };
import norm from "./norm.wgsl" with { type: "text" };
import normBackward from "./norm_backward.wgsl" with { type: "text" };
import normForward from "./norm_forward.wgsl" with { type: "text" };
import gradImage from "./norm_grad_image.wgsl" with { type: "text" };
import gradSums from "./norm_grad_sums.wgsl" with { type: "text" };
import normSums from "./norm_sums.wgsl" with { type: "text" };
import { backwardRegion, forwardRegion, runTiles, tilingOf, wholeRegion } from "./tiles_webgpu.ts";
import { sizes4 } from "../shared/ranks.ts";

/**
 * Maximum parts per image: enough to fill a GPU, few enough for every workgroup to add them up
 * (norm_forward.wgsl).
 */
const maxParts = 64;

interface Inputs {
  readonly x: tf.TensorInfo;
  readonly up: tf.TensorInfo;
  readonly down: tf.TensorInfo;
  readonly scale: tf.TensorInfo;
  readonly offset: tf.TensorInfo;
}

function inputsOf(call: KernelCall): Inputs {
  const input = (name: string) => inputOf(call, name);
  return {
    x: input("x"),
    up: input("up"),
    down: input("down"),
    scale: input("scale"),
    offset: input("offset"),
  };
}

function aliasFreeNormGelu(call: KernelCall): tf.TensorInfo[] {
  const { backend } = call;
  const { x, up, down, scale, offset } = inputsOf(call);
  const [batch] = sizes4(x.shape);
  const whole = tilingOf(backend, x, [up, down], wholeRegion);
  const tiles = whole.tiles / batch;
  const parts = Math.min(maxParts, tiles);
  const sums = emptyTensor(backend, [batch, parts, 4]);
  runTiles(backend, whole, {
    name: "AliasFreeNormGelu sums",
    code: [normSums],
    constants: { TILES: tiles, PARTS: parts },
    reads: [x, up, down],
    writes: [sums],
    workgroups: [parts, batch, 1],
  });
  const y = emptyTensor(backend, x.shape);
  const statistics = emptyTensor(backend, [batch, 2]);
  runTiles(backend, tilingOf(backend, x, [up, down], forwardRegion), {
    name: "AliasFreeNormGelu",
    code: [norm, normForward, forward],
    constants: { PARTS: parts, EPSILON: epsilon, SCALE: 4 },
    reads: [x, up, down, sums, scale, offset],
    writes: [y, statistics],
  });
  backend.disposeData(sums.dataId);
  return [y, statistics];
}

function aliasFreeNormGeluGrad(call: KernelCall): tf.TensorInfo[] {
  const { backend } = call;
  const { x, up, down, scale, offset } = inputsOf(call);
  const dy = inputOf(call, "dy");
  const statistics = inputOf(call, "statistics");
  const [batch, height, width, channels] = sizes4(x.shape);
  const whole = tilingOf(backend, x, [up, down], wholeRegion);
  const sums = emptyTensor(backend, [whole.places, channels, 2]);
  runTiles(backend, whole, {
    name: "AliasFreeNormGeluGrad sums",
    code: [dyPiece, norm, gradSums],
    constants: { SCALE: 5 },
    reads: [x, up, down, dy, statistics, scale, offset],
    writes: [sums],
  });
  const complete = emptyTensor(backend, [batch, 4]);
  const dscale = emptyTensor(backend, [channels]);
  const doffset = emptyTensor(backend, [channels]);
  backend.runWgsl({
    name: "AliasFreeNormGeluGrad image",
    code: withValueType(whole.width, gradImage),
    constants: { PLACES: whole.places / batch },
    reads: [statistics, sums, scale],
    writes: [complete, dscale, doffset],
    uniforms: [batch, channels / whole.width, 4 * height * width * channels],
    workgroups: [batch + channels / whole.width, 1, 1],
  });
  const dx = emptyTensor(backend, x.shape);
  runTiles(backend, tilingOf(backend, x, [up, down], backwardRegion), {
    name: "AliasFreeNormGeluGrad",
    code: [dyPiece, norm, normBackward, backward],
    constants: { SCALE: 5 },
    reads: [x, up, down, dy, complete, scale, offset],
    writes: [dx],
  });
  for (const used of [sums, complete]) backend.disposeData(used.dataId);
  return [dx, dscale, doffset];
}

/** Registers the kernels. */
export function registerNorm(): void {
  registerWebGpuKernel("AliasFreeNormGelu", aliasFreeNormGelu);
  registerWebGpuKernel("AliasFreeNormGeluGrad", aliasFreeNormGeluGrad);
}
