/** Filtered downsampling on the engine `wasm`. */
import { downsample } from "../shared/resampling_wasm.ts";
import { registerWasmForm } from "../shared/wasm_form.ts";

/** Registers the kernel. */
export function register(): void {
  registerWasmForm("FilteredDownsample", ({ x, lowpass }) => downsample(x, lowpass));
}
