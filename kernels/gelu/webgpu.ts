// GELU on WebGPU: elementwise, four numbers per thread.
import * as tf from "@tensorflow/tfjs";
import {
  emptyTensor,
  inputOf,
  type KernelCall,
  registerWebGpuKernel,
  spreadWorkgroups,
  vectorWidth,
  withValueType,
} from "../shared/wgsl.ts";
import forward from "./gelu.wgsl" with { type: "text" };
import backward from "./gelu_grad.wgsl" with { type: "text" };
import functions from "./gelu_functions.wgsl" with { type: "text" };

/** A kernel that maps inputs of one shape to an output of this shape, number by number. */
export function elementwise(name: string, code: string, inputNames: readonly string[]) {
  return (call: KernelCall): tf.TensorInfo => {
    const reads = inputNames.map((input) => inputOf(call, input));
    const { shape } = inputOf(call, "x");
    const size = tf.util.sizeFromShape(shape);
    const width = vectorWidth(size);
    const y = emptyTensor(call.backend, shape);
    call.backend.runWgsl({
      name,
      code: withValueType(width, functions, code),
      reads,
      writes: [y],
      workgroups: spreadWorkgroups(Math.ceil(size / width / 256)),
    });
    return y;
  };
}

/** Registers the kernels. */
export function register(): void {
  registerWebGpuKernel("Gelu", elementwise("Gelu", forward, ["x"]));
  registerWebGpuKernel("GeluGrad", elementwise("GeluGrad", backward, ["x", "dy"]));
}
