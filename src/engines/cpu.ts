/** The engine `cpu`: tfjs's plain JavaScript backend and the reference kernels. The definition, and slow. */
import * as tf from "@tensorflow/tfjs";
import type { Engine } from "./engine.ts";

/** Opens the engine. Its `jit` calls the function as it is. */
export async function openCpuEngine(): Promise<Engine> {
  await tf.setBackend("cpu");
  return {
    name: "cpu",
    description: "plain JavaScript loops, the reference",
    device: "cpu",
    hardwareGpu: false,
    jit: (fn) => Object.assign((...inputs: tf.Tensor[]) => tf.tidy(() => fn(...inputs)), { dispose() {} }),
    dispose() {},
  };
}
