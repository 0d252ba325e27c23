// The alias-free GELU with separable filters on WebGPU: matrix products around elementwise steps.
import * as tf from "@tensorflow/tfjs";
import { elementwise } from "../gelu/webgpu.ts";
import { registerComposition } from "../shared/composition.ts";
import { registerWebGpuKernel } from "../shared/wgsl.ts";
import even from "./even.wgsl" with { type: "text" };
import evenGrad from "./even_grad.wgsl" with { type: "text" };
import { backward, forward } from "./products.ts";

function run(kernel: string, inputs: tf.NamedTensorMap): tf.Tensor4D {
  return tf.engine().runKernel(kernel, inputs) as tf.Tensor4D;
}

/** Registers the kernels. */
export function register(): void {
  registerWebGpuKernel("EvenGelu", elementwise("EvenGelu", even, ["x"]));
  registerWebGpuKernel("EvenGeluGrad", elementwise("EvenGeluGrad", evenGrad, ["x", "dy"]));
  registerComposition(
    "webgpu",
    "AxisMapGelu",
    (inputs, { bypass }) =>
      forward(inputs, bypass, (x) => run(bypass ? "EvenGelu" : "Gelu", { x })),
  );
  registerComposition(
    "webgpu",
    "AxisMapGeluGrad",
    (inputs, { bypass }) =>
      backward(inputs, bypass, (x, dy) => run(bypass ? "EvenGeluGrad" : "GeluGrad", { x, dy })),
  );
}
