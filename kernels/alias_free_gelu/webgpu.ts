// The alias-free GELU on WebGPU: one dispatch forward and one backward, the doubled image in workgroup memory only.
import type * as tf from "@tensorflow/tfjs";
import { inputOf, type KernelCall, registerWebGpuKernel } from "../wgsl.ts";
import backward from "./backward.wgsl" with { type: "text" };
import dyPiece from "./dy_piece.wgsl" with { type: "text" };
import forward from "./forward.wgsl" with { type: "text" };
import { registerNorm } from "./norm_webgpu.ts";
import plain from "./plain.wgsl" with { type: "text" };
import { backwardRegion, forwardRegion, runTiles, sharedCode, tilingOf } from "./tiles_webgpu.ts";

function aliasFreeGelu(call: KernelCall): tf.TensorInfo {
  const x = inputOf(call, "x"), up = inputOf(call, "up"), down = inputOf(call, "down");
  const tiling = tilingOf(call.backend, x, [up, down], forwardRegion);
  return runTiles(call.backend, "AliasFreeGelu", tiling, [...sharedCode, plain, forward], [x, up, down]);
}

function aliasFreeGeluGrad(call: KernelCall): tf.TensorInfo {
  const x = inputOf(call, "x"), up = inputOf(call, "up"), down = inputOf(call, "down"), dy = inputOf(call, "dy");
  const tiling = tilingOf(call.backend, x, [up, down], backwardRegion);
  const code = [...sharedCode, plain, dyPiece, backward];
  return runTiles(call.backend, "AliasFreeGeluGrad", tiling, code, [x, up, down, dy]);
}

/** Registers the kernels. */
export function register(): void {
  registerWebGpuKernel("AliasFreeGelu", aliasFreeGelu);
  registerWebGpuKernel("AliasFreeGeluGrad", aliasFreeGeluGrad);
  registerNorm();
}
