// The alias-free GELU with separable filters on WebGPU, composed of matrix products and GELU.
import { registerComposition } from "../shared/composition.ts";
import { backward, forward } from "./products.ts";

/** Registers the kernels. */
export function register(): void {
  registerComposition("webgpu", "AxisMapGelu", (inputs, { bypass }) => forward(inputs, bypass));
  registerComposition(
    "webgpu",
    "AxisMapGeluGrad",
    (inputs, { bypass }) => backward(inputs, bypass),
  );
}
