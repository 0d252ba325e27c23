// Maps of both axes on WebGPU, composed of matrix products.
import { registerComposition } from "../shared/composition.ts";
import { channelsLast, matMul } from "./products.ts";

/** Registers the kernels. */
export function register(): void {
  registerComposition("webgpu", "MapAxes", ({ x, map }) => channelsLast(x, { map }, matMul));
  registerComposition(
    "webgpu",
    "MapAxesGrad",
    ({ dy, map }) => channelsLast(dy, { map, transposed: true }, matMul),
  );
}
