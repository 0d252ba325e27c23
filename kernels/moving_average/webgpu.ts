// Moving averages on WebGPU, in place.
import type * as tf from "@tensorflow/tfjs";
import { updateSlots } from "../shared/slots_webgpu.ts";
import { inputOf, type KernelCall, registerWebGpuKernel } from "../shared/wgsl.ts";

function movingAverage(call: KernelCall): tf.TensorInfo[] {
  const { backend } = call;
  const slots = Array.from({ length: call.attrs["count"] as number }, (_, i) => ({
    parameter: inputOf(call, `parameter${i}`),
    average: backend.copy(inputOf(call, `average${i}`)),
  }));
  updateSlots(backend, {
    name: "MovingAverage",
    shared: { decay: inputOf(call, "decay") },
    reads: ["parameter"],
    updates: ["average"],
    element: "$average[i] = $parameter[i] + decay[0] * ($average[i] - $parameter[i]);",
  }, slots);
  return slots.map(({ average }) => average);
}

/** Registers the kernel. */
export function register(): void {
  registerWebGpuKernel("MovingAverage", movingAverage);
}
