// AdamW on WebGPU: as many parameters a dispatch as buffers may be bound, in place. Row y of the workgroups belongs to
// parameter y; workgroups behind a parameter's end do nothing.
import * as tf from "@tensorflow/tfjs";
import { inputOf, type KernelCall, registerWebGpuKernel } from "../wgsl.ts";
import stepCode from "./adamw.wgsl" with { type: "text" };

/** Parameters a dispatch at most: beyond this nothing is won. */
const mostSlots = 32;

/** Elements that a thread handles. */
const perThread = 4;

interface Slot {
  readonly gradient: tf.TensorInfo;
  /** New parameter, mean and square, which hold the old ones at first. */
  readonly updated: readonly [tf.TensorInfo, tf.TensorInfo, tf.TensorInfo];
}

/** The program for a number of slots: WGSL has no arrays of buffers, so each has its case. */
function program(slots: number): string {
  const numbers = Array.from({ length: slots }, (_, i) => i);
  const binding = (number: number, access: string, name: string) =>
    `@group(0) @binding(${number}) var<storage, ${access}> ${name}: array<f32>;`;
  const declarations = numbers.flatMap((i) => [
    binding(1 + i, "read", `gradient${i}`),
    binding(1 + slots + 3 * i, "read_write", `parameter${i}`),
    binding(2 + slots + 3 * i, "read_write", `mean${i}`),
    binding(3 + slots + 3 * i, "read_write", `square${i}`),
  ]);
  const cases = numbers.map((i) => `
    case ${i} {
      for (var i = first; i < arrayLength(&parameter${i}) && i < end; i += 256) {
        let new_ = step(Moments(parameter${i}[i], mean${i}[i], square${i}[i]), gradient${i}[i]);
        parameter${i}[i] = new_.parameter;
        mean${i}[i] = new_.mean;
        square${i}[i] = new_.square;
      }
    }`);
  return `${binding(0, "read", "rates")}
${declarations.join("\n")}
${stepCode}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = group.x * ${256 * perThread} + thread;
  let end = (group.x + 1) * ${256 * perThread};
  switch (group.y) {${cases.join("")}
    default {}
  }
}`;
}

function adamw(call: KernelCall): tf.TensorInfo[] {
  const { backend } = call;
  const { count, beta1, beta2, epsilon } = call.attrs as Record<"count" | "beta1" | "beta2" | "epsilon", number>;
  const rates = inputOf(call, "rates");
  const slots = Array.from({ length: count }, (_, i): Slot => ({
    gradient: inputOf(call, `gradient${i}`),
    updated: [
      backend.copy(inputOf(call, `parameter${i}`)),
      backend.copy(inputOf(call, `mean${i}`)),
      backend.copy(inputOf(call, `square${i}`)),
    ],
  }));
  const sizeOf = ({ gradient }: Slot) => tf.util.sizeFromShape(gradient.shape);
  // Parameters of about the same size share a dispatch, so that few workgroups have nothing to do.
  const bySize = slots.toSorted((a, b) => sizeOf(b) - sizeOf(a));
  const room = Math.floor((backend.device.limits.maxStorageBuffersPerShaderStage - 1) / 4);
  const together = Math.max(1, Math.min(mostSlots, room));
  for (let start = 0; start < count; start += together) {
    const some = bySize.slice(start, start + together), largest = sizeOf(some[0]!);
    backend.runWgsl({
      name: "AdamW",
      code: program(some.length),
      constants: { BETA1: beta1, BETA2: beta2, EPSILON: epsilon },
      reads: [rates, ...some.map(({ gradient }) => gradient)],
      writes: [],
      updates: some.flatMap(({ updated }) => updated),
      workgroups: [Math.ceil(largest / (256 * perThread)), some.length, 1],
    });
  }
  return slots.flatMap(({ updated }) => updated);
}

/** Registers the kernel. */
export function register(): void {
  registerWebGpuKernel("AdamW", adamw);
}
