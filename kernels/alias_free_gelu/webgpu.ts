// The alias-free GELU on WebGPU: one dispatch forward, one backward. The doubled image is in
// workgroup memory only.
import type * as tf from "@tensorflow/tfjs";
import { emptyTensor, inputOf, type KernelCall, registerWebGpuKernel } from "../shared/wgsl.ts";
import backward from "./backward.wgsl" with { type: "text" };
import dyPiece from "./dy_piece.wgsl" with { type: "text" };
import forward from "./forward.wgsl" with { type: "text" };
import { registerNorm } from "./norm_webgpu.ts";
import plain from "./plain.wgsl" with { type: "text" };
import { backwardRegion, forwardRegion, runTiles, tilingOf } from "./tiles_webgpu.ts";

function aliasFreeGelu(call: KernelCall): tf.TensorInfo {
  const x = inputOf(call, "x");
  const up = inputOf(call, "up");
  const down = inputOf(call, "down");
  const tiling = tilingOf(call.backend, x, [up, down], forwardRegion);
  const y = emptyTensor(call.backend, x.shape);
  runTiles(call.backend, tiling, {
    name: "AliasFreeGelu",
    code: [plain, forward],
    reads: [x, up, down],
    writes: [y],
  });
  return y;
}

function aliasFreeGeluGrad(call: KernelCall): tf.TensorInfo {
  const x = inputOf(call, "x");
  const up = inputOf(call, "up");
  const down = inputOf(call, "down");
  const dy = inputOf(call, "dy");
  const tiling = tilingOf(call.backend, x, [up, down], backwardRegion);
  const dx = emptyTensor(call.backend, x.shape);
  runTiles(call.backend, tiling, {
    name: "AliasFreeGeluGrad",
    code: [plain, dyPiece, backward],
    reads: [x, up, down, dy],
    writes: [dx],
  });
  return dx;
}

/** Registers the kernels. */
export function register(): void {
  registerWebGpuKernel("AliasFreeGelu", aliasFreeGelu);
  registerWebGpuKernel("AliasFreeGeluGrad", aliasFreeGeluGrad);
  registerNorm();
}
