/** The kernels of all operations on the engine `wasm`, which computes forward only. */
import { register as aliasFreeGelu } from "../alias_free_gelu/wasm.ts";
import { register as attention } from "../attention/wasm.ts";
import { register as axisMap } from "../axis_map/wasm.ts";
import { register as axisMapGelu } from "../axis_map_gelu/wasm.ts";
import { register as filteredDownsample } from "../filtered_downsample/wasm.ts";
import { register as filteredUpsample } from "../filtered_upsample/wasm.ts";
import { register as gelu } from "../gelu/wasm.ts";
import { register as groupNorm } from "../group_norm/wasm.ts";
import { register as layerNorm } from "../layer_norm/wasm.ts";
import { register as randomNormal } from "../random_normal/wasm.ts";
import { registerNoGradient } from "../shared/wasm_form.ts";

/** Registers them with tfjs. */
export function registerWasmKernels(): void {
  for (
    const register of [
      aliasFreeGelu,
      attention,
      axisMap,
      axisMapGelu,
      filteredDownsample,
      filteredUpsample,
      gelu,
      groupNorm,
      layerNorm,
      randomNormal,
    ]
  ) register();
  registerNoGradient(
    "AliasFreeGeluGrad",
    "AliasFreeNormGeluGrad",
    "AttentionGrad",
    "AxisMapGeluGrad",
    "MapAxesGrad",
    "FilteredDownsampleGrad",
    "FilteredUpsampleGrad",
    "GeluGrad",
    "GroupNormGrad",
    "LayerNormGrad",
    "Conv2DBackpropFilter",
    "ConvolutionInputGrad",
    "AdamW",
    "MovingAverage",
  );
}
