/** Filtered upsampling on the engine `wasm`. */
import { upsample } from "../resampling_wasm.ts";
import { registerWasmForm } from "../wasm_form.ts";

/** Registers the kernel. */
export function register(): void {
  registerWasmForm("FilteredUpsample", ({ x, lowpass }) => upsample(x, lowpass));
}
