/** Maps of both axes on the engine `wasm`. */
import { registerWasmForm } from "../shared/wasm_form.ts";
import { channelsLast, matMul } from "./products.ts";

/** Registers the kernel. */
export function register(): void {
  registerWasmForm("MapAxes", ({ x, map }) => channelsLast(x, { map }, matMul));
}
