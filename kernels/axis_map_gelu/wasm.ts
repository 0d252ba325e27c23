/** The alias-free GELU with separable filters on the engine `wasm`. */
import { registerWasmForm } from "../shared/wasm_form.ts";
import { forward } from "./products.ts";

/** Registers the kernel. */
export function register(): void {
  registerWasmForm("AxisMapGelu", (inputs, { bypass }) => forward(inputs, bypass));
}
