// AdamW on WebGPU, in place.
import type * as tf from "@tensorflow/tfjs";
import { updateSlots } from "../shared/slots_webgpu.ts";
import { inputOf, type KernelCall, registerWebGpuKernel } from "../shared/wgsl.ts";
import code from "./adamw.wgsl" with { type: "text" };

const element = `let new_ = step(Moments($parameter[i], $mean[i], $square[i]), $gradient[i]);
        $parameter[i] = new_.parameter;
        $mean[i] = new_.mean;
        $square[i] = new_.square;`;

function adamw(call: KernelCall): tf.TensorInfo[] {
  const { backend } = call;
  const { count, beta1, beta2, epsilon } = call.attrs as Record<
    "count" | "beta1" | "beta2" | "epsilon",
    number
  >;
  const slots = Array.from({ length: count }, (_, i) => ({
    gradient: inputOf(call, `gradient${i}`),
    parameter: backend.copy(inputOf(call, `parameter${i}`)),
    mean: backend.copy(inputOf(call, `mean${i}`)),
    square: backend.copy(inputOf(call, `square${i}`)),
  }));
  updateSlots(backend, {
    name: "AdamW",
    constants: { BETA1: beta1, BETA2: beta2, EPSILON: epsilon },
    shared: { rates: inputOf(call, "rates") },
    code,
    reads: ["gradient"],
    updates: ["parameter", "mean", "square"],
    element,
  }, slots);
  return slots.flatMap(({ parameter, mean, square }) => [parameter, mean, square]);
}

/** Registers the kernel. */
export function register(): void {
  registerWebGpuKernel("AdamW", adamw);
}
