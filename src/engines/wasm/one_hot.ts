/**
 * `OneHot` for the engine `wasm`. The backend's own kernel (4.22) writes integers into float32
 * tensors, which then read as zeros, so labels are silently lost.
 */
import * as tf from "@tensorflow/tfjs";
import { registerOnWasm } from "../../../kernels/shared/wasm_form.ts";

/** Registers it in place of the backend's kernel. */
export function registerOneHot(): void {
  registerOnWasm("OneHot", ({ inputs, attrs }) =>
    tf.tidy(() => {
      // tfjs's oneHot sets these, but the registry passes them without their types.
      const { depth, onValue, offValue, dtype } = attrs as unknown as tf.OneHotAttrs;
      const indices = inputs["indices"] as tf.Tensor;
      const isHot = tf.equal(
        indices.reshape([...indices.shape, 1]),
        tf.range(0, depth, 1, "int32"),
      );
      return tf.cast(tf.where(isHot, tf.scalar(onValue), tf.scalar(offValue)), dtype);
    }));
}
