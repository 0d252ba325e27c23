/** The alias-free GELU with separable filters on the engine `wasm`. */
import * as tf from "@tensorflow/tfjs";
import { wasmGelu } from "../gelu/wasm.ts";
import { registerWasmForm } from "../shared/wasm_form.ts";
import { forward } from "./products.ts";

/** x erf(x / sqrt 2) / 2: GELU without x / 2. */
function evenPart(x: tf.Tensor4D): tf.Tensor4D {
  return tf.mul(tf.mul(x, 0.5), tf.erf(tf.mul(x, Math.SQRT1_2)));
}

/** Registers the kernel. */
export function register(): void {
  registerWasmForm(
    "AxisMapGelu",
    (inputs, { bypass }) => forward(inputs, bypass, bypass ? evenPart : wasmGelu),
  );
}
