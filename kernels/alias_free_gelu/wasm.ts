/** The alias-free GELU on the engine `wasm`: the chain of its operations. */
import * as tf from "@tensorflow/tfjs";
import { wasmGelu } from "../gelu/wasm.ts";
import { imageStatistics } from "../group_norm/wasm.ts";
import { downsample, upsample } from "../shared/resampling_wasm.ts";
import { registerWasmForm } from "../shared/wasm_form.ts";

/** Registers the kernels. */
export function register(): void {
  registerWasmForm(
    "AliasFreeGelu",
    ({ x, up, down }) => downsample(wasmGelu(upsample(x, up)), down),
  );
  registerWasmForm("AliasFreeNormGelu", ({ x, up, down, scale, offset }) => {
    const statistics = imageStatistics(upsample(x, up));
    const factors = tf.mul(statistics.scale, scale.reshape([1, 1, 1, -1]));
    const normalized = tf.add<tf.Tensor4D>(tf.mul(statistics.centred, factors), offset);
    const batch = x.shape[0];
    return [
      downsample(wasmGelu(normalized), down),
      tf.concat([statistics.mean.reshape([batch, 1]), statistics.scale.reshape([batch, 1])], 1),
    ];
  });
}
