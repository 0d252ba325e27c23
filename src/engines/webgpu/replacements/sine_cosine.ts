// Sine and cosine on WebGPU. tfjs uses the GPU's own functions, which WebGPU guarantees only to
// 5e-4 between -pi and pi, and not at all beyond. The time embedding needs angles of up to 999.
import * as tf from "@tensorflow/tfjs";
import { replaceKernel, runStock } from "./replace.ts";
import { emptyTensor, inputOf, spreadWorkgroups } from "../../../../kernels/shared/wgsl.ts";
import code from "./sine_cosine.wgsl" with { type: "text" };
import turn from "../../../../kernels/shared/turn.wgsl" with { type: "text" };

/** Replaces tfjs's kernels. */
export function register(): void {
  for (const name of ["Sin", "Cos"]) {
    replaceKernel(name, (call, stock) => {
      const x = inputOf(call, "x");
      const size = tf.util.sizeFromShape(x.shape);
      if (x.dtype !== "float32" || size === 0) return runStock<tf.TensorInfo>(stock, call);
      const y = emptyTensor(call.backend, x.shape);
      call.backend.runWgsl({
        name,
        code: turn + code,
        constants: { COSINE: Number(name === "Cos") },
        reads: [x],
        writes: [y],
        uniforms: [size],
        workgroups: spreadWorkgroups(Math.ceil(size / 64)),
      });
      return y;
    });
  }
}
