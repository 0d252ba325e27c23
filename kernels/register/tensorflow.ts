/** The kernels of all operations on the engine `tensorflow`. */
import { register as adamw } from "../adamw/tensorflow.ts";
import { register as aliasFreeGelu } from "../alias_free_gelu/tensorflow.ts";
import { register as attention } from "../attention/tensorflow.ts";
import { register as axisMap } from "../axis_map/tensorflow.ts";
import { register as axisMapGelu } from "../axis_map_gelu/tensorflow.ts";
import { register as convolution } from "../convolution/tensorflow.ts";
import { register as filteredDownsample } from "../filtered_downsample/tensorflow.ts";
import { register as filteredUpsample } from "../filtered_upsample/tensorflow.ts";
import { register as gelu } from "../gelu/tensorflow.ts";
import { register as groupNorm } from "../group_norm/tensorflow.ts";
import { register as layerNorm } from "../layer_norm/tensorflow.ts";
import { register as movingAverage } from "../moving_average/tensorflow.ts";
import { register as randomNormal } from "../random_normal/tensorflow.ts";
import { register as randomUniform } from "../random_uniform/tensorflow.ts";

/** Registers them with tfjs. */
export function registerTensorFlowKernels(): void {
  for (
    const register of [
      adamw,
      aliasFreeGelu,
      attention,
      axisMap,
      axisMapGelu,
      convolution,
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
