// Registers all WebGPU kernels.
import { register as registerAdamW } from "./adamw/webgpu.ts";
import { register as registerAliasFreeGelu } from "./alias_free_gelu/webgpu.ts";
import { register as registerAttention } from "./attention/webgpu.ts";
import { register as registerConv2D } from "./conv2d/webgpu.ts";
import { register as registerFilteredDownsample } from "./filtered_downsample/webgpu.ts";
import { register as registerFilteredUpsample } from "./filtered_upsample/webgpu.ts";
import { register as registerGelu } from "./gelu/webgpu.ts";
import { register as registerGroupNorm } from "./group_norm/webgpu.ts";
import { register as registerLayerNorm } from "./layer_norm/webgpu.ts";
import { register as registerMatMul } from "./matmul/webgpu.ts";
import { register as registerMovingAverage } from "./moving_average/webgpu.ts";
import { register as registerRandomNormal } from "./random_normal/webgpu.ts";
import { register as registerResizeBilinear } from "./resize_bilinear/webgpu.ts";
import { register as registerSineCosine } from "./sine_cosine/webgpu.ts";
import { register as registerSplit } from "./split/webgpu.ts";
import { register as registerSum } from "./sum/webgpu.ts";

let registered = false;

/** Registers them. The engine calls this when it opens. */
export function registerWebGpuKernels(): void {
  if (registered) return;
  registered = true;
  registerAdamW();
  registerAliasFreeGelu();
  registerAttention();
  registerConv2D();
  registerFilteredDownsample();
  registerFilteredUpsample();
  registerGelu();
  registerGroupNorm();
  registerLayerNorm();
  registerMatMul();
  registerMovingAverage();
  registerRandomNormal();
  registerResizeBilinear();
  registerSineCosine();
  registerSplit();
  registerSum();
}
