// Uniform numbers on WebGPU, from the same Philox bits as on every engine.
import * as tf from "@tensorflow/tfjs";
import philox from "../random_normal/philox.wgsl" with { type: "text" };
import turn from "../shared/turn.wgsl" with { type: "text" };
import { emptyTensor, inputOf, registerWebGpuKernel, spreadWorkgroups } from "../shared/wgsl.ts";
import code from "./random_uniform.wgsl" with { type: "text" };

/** Registers the kernel. */
export function register(): void {
  registerWebGpuKernel("RandomUniform", (call) => {
    const shape = call.attrs["shape"] as number[];
    const size = tf.util.sizeFromShape(shape);
    const y = emptyTensor(call.backend, shape);
    call.backend.runWgsl({
      name: "RandomUniform",
      code: turn + philox + code,
      reads: [inputOf(call, "key"), inputOf(call, "counter")],
      writes: [y],
      uniforms: [size],
      workgroups: spreadWorkgroups(Math.ceil(size / 256)),
    });
    return y;
  });
}
