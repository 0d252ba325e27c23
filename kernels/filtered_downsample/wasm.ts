/** Filtered downsampling on the engine `wasm`. */
import { downsample } from "../resampling_wasm.ts";
import { registerWasmForm } from "../wasm_form.ts";

/** Registers the kernel. */
export function register(): void {
  registerWasmForm("FilteredDownsample", ({ x, lowpass }) => downsample(x, lowpass));
}
