// Standard normal numbers on WebGPU, from the same Philox bits as on every engine.
import * as tf from "@tensorflow/tfjs";
import { emptyTensor, inputOf, registerWebGpuKernel, spreadWorkgroups } from "../shared/wgsl.ts";
import turn from "../shared/turn.wgsl" with { type: "text" };
import philox from "./philox.wgsl" with { type: "text" };
import code from "./random_normal.wgsl" with { type: "text" };

/** Registers the kernel. */
export function register(): void {
  registerWebGpuKernel("RandomNormal", (call) => {
    const shape = call.attrs["shape"] as number[];
    const size = tf.util.sizeFromShape(shape);
    const y = emptyTensor(call.backend, shape);
    call.backend.runWgsl({
      name: "RandomNormal",
      code: turn + philox + code,
      reads: [inputOf(call, "key"), inputOf(call, "counter")],
      writes: [y],
      uniforms: [size],
      workgroups: spreadWorkgroups(Math.ceil(size / 256)),
    });
    return y;
  });
}
