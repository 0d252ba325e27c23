/** Filtered upsampling on the engine `wasm`. */
import { upsample } from "../shared/resampling_wasm.ts";
import { registerWasmForm } from "../shared/wasm_form.ts";

/** Registers the kernel. */
export function register(): void {
  registerWasmForm("FilteredUpsample", ({ x, lowpass }) => upsample(x, lowpass));
}
