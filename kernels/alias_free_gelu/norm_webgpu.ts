// The alias-free GELU with a GroupNorm inside on WebGPU. The doubled image is computed anew in each pass, never stored.
import type * as tf from "@tensorflow/tfjs";
import { epsilon } from "../normalize.ts";
import { sumMiddle } from "../sum/webgpu.ts";
import {
  emptyTensor,
  inputOf,
  type KernelCall,
  registerWebGpuKernel,
  sizesOf,
  spreadWorkgroups,
  type WgslBackend,
  withValueType,
} from "../wgsl.ts";
import backward from "./backward.wgsl" with { type: "text" };
import dyPiece from "./dy_piece.wgsl" with { type: "text" };
import forward from "./forward.wgsl" with { type: "text" };
import norm from "./norm.wgsl" with { type: "text" };
import gradImage from "./norm_grad_image.wgsl" with { type: "text" };
import gradSums from "./norm_grad_sums.wgsl" with { type: "text" };
import normImage from "./norm_image.wgsl" with { type: "text" };
import normSums from "./norm_sums.wgsl" with { type: "text" };
import { backwardRegion, forwardRegion, runTiles, sharedCode, tilingOf, wholeRegion } from "./tiles_webgpu.ts";

interface Inputs {
  readonly x: tf.TensorInfo;
  readonly up: tf.TensorInfo;
  readonly down: tf.TensorInfo;
  readonly scale: tf.TensorInfo;
  readonly offset: tf.TensorInfo;
}

function inputsOf(call: KernelCall): Inputs {
  const input = (name: string) => inputOf(call, name);
  return { x: input("x"), up: input("up"), down: input("down"), scale: input("scale"), offset: input("offset") };
}

/** Mean and 1 / deviation of each doubled image, [batch, 4]. */
function statisticsOf(backend: WgslBackend, { x, up, down }: Inputs): tf.TensorInfo {
  const [batch, height, width, channels] = sizesOf(x, 4), tiling = tilingOf(backend, x, [up, down], wholeRegion);
  const sums = emptyTensor(backend, [tiling.tiles, 4]), statistics = emptyTensor(backend, [batch, 4]);
  backend.runWgsl({
    name: "AliasFreeNormGelu sums",
    code: withValueType(tiling.width, ...sharedCode, normSums),
    constants: { ...tiling.constants, OUT: 3 },
    reads: [x, up, down],
    writes: [sums],
    uniforms: tiling.uniforms,
    workgroups: spreadWorkgroups(tiling.tiles),
  });
  backend.runWgsl({
    name: "AliasFreeNormGelu image",
    code: normImage,
    constants: { TILES: tiling.tiles / batch, EPSILON: epsilon },
    reads: [sums],
    writes: [statistics],
    uniforms: [4 * height * width * channels],
    workgroups: [batch, 1, 1],
  });
  backend.disposeData(sums.dataId);
  return statistics;
}

function aliasFreeNormGelu(call: KernelCall): tf.TensorInfo {
  const { backend } = call, inputs = inputsOf(call), { x, up, down, scale, offset } = inputs;
  const statistics = statisticsOf(backend, inputs), tiling = tilingOf(backend, x, [up, down], forwardRegion);
  const reads = [x, up, down, statistics, scale, offset];
  const y = runTiles(backend, "AliasFreeNormGelu", tiling, [...sharedCode, norm, forward], reads, { STATISTICS: 3 });
  backend.disposeData(statistics.dataId);
  return y;
}

function aliasFreeNormGeluGrad(call: KernelCall): tf.TensorInfo[] {
  const { backend } = call, inputs = inputsOf(call), { x, up, down, scale, offset } = inputs, dy = inputOf(call, "dy");
  const [batch, height, width, channels] = sizesOf(x, 4);
  const statistics = statisticsOf(backend, inputs), whole = tilingOf(backend, x, [up, down], wholeRegion);
  const sums = emptyTensor(backend, [whole.places, channels, 2]);
  backend.runWgsl({
    name: "AliasFreeNormGeluGrad sums",
    code: withValueType(whole.width, ...sharedCode, dyPiece, norm, gradSums),
    constants: { ...whole.constants, OUT: 7, STATISTICS: 4 },
    reads: [x, up, down, dy, statistics, scale, offset],
    writes: [sums],
    uniforms: whole.uniforms,
    workgroups: spreadWorkgroups(whole.tiles),
  });
  const complete = emptyTensor(backend, [batch, 4]);
  const scaleShares = emptyTensor(backend, [batch, channels]), offsetShares = emptyTensor(backend, [batch, channels]);
  backend.runWgsl({
    name: "AliasFreeNormGeluGrad image",
    code: withValueType(whole.width, gradImage),
    constants: { PLACES: whole.places / batch },
    reads: [statistics, sums, scale],
    writes: [complete, scaleShares, offsetShares],
    uniforms: [channels / whole.width, 4 * height * width * channels],
    workgroups: [batch, 1, 1],
  });
  const tiling = tilingOf(backend, x, [up, down], backwardRegion);
  const reads = [x, up, down, dy, complete, scale, offset], code = [...sharedCode, dyPiece, norm, backward];
  const dx = runTiles(backend, "AliasFreeNormGeluGrad", tiling, code, reads, { STATISTICS: 4 });
  const dscale = sumMiddle(backend, scaleShares, [1, batch, channels], [channels]);
  const doffset = sumMiddle(backend, offsetShares, [1, batch, channels], [channels]);
  for (const used of [statistics, sums, complete, scaleShares, offsetShares]) backend.disposeData(used.dataId);
  return [dx, dscale, doffset];
}

/** Registers the kernels. */
export function registerNorm(): void {
  registerWebGpuKernel("AliasFreeNormGelu", aliasFreeNormGelu);
  registerWebGpuKernel("AliasFreeNormGeluGrad", aliasFreeNormGeluGrad);
}
