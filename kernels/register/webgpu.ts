/** The kernels of all operations on the engine `webgpu`. */
import { register as adamw } from "../adamw/webgpu.ts";
import { register as aliasFreeGelu } from "../alias_free_gelu/webgpu.ts";
import { register as attention } from "../attention/webgpu.ts";
import { register as axisMap } from "../axis_map/webgpu.ts";
import { register as axisMapGelu } from "../axis_map_gelu/webgpu.ts";
import { register as filteredDownsample } from "../filtered_downsample/webgpu.ts";
import { register as filteredUpsample } from "../filtered_upsample/webgpu.ts";
import { register as gelu } from "../gelu/webgpu.ts";
import { register as groupNorm } from "../group_norm/webgpu.ts";
import { register as layerNorm } from "../layer_norm/webgpu.ts";
import { register as movingAverage } from "../moving_average/webgpu.ts";
import { register as randomNormal } from "../random_normal/webgpu.ts";
import { register as randomUniform } from "../random_uniform/webgpu.ts";

let registered = false;

/** Registers them with tfjs, once. The engine calls this when it opens. */
export function registerWebGpuKernels(): void {
  if (registered) return;
  registered = true;
  for (
    const register of [
      adamw,
      aliasFreeGelu,
      attention,
      axisMap,
      axisMapGelu,
      filteredDownsample,
      filteredUpsample,
      gelu,
      groupNorm,
      layerNorm,
      movingAverage,
      randomNormal,
      randomUniform,
    ]
  ) register();
}
