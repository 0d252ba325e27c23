/**
 * The engine `cpu`: tfjs's plain JavaScript backend and the reference kernels. The definition, and
 * slow.
 */
import * as tf from "@tensorflow/tfjs";
import type { Engine } from "./engine.ts";

/** Opens the engine. Its `jit` calls the function as it is. */
export async function openCpuEngine(): Promise<Engine> {
  await tf.setBackend("cpu");
  // Else it says at its first use that it is slow; those who ask for the reference know.
  (tf.backend() as tf.KernelBackend & { firstUse: boolean }).firstUse = false;
  return {
    name: "cpu",
    description: "plain JavaScript loops, the reference",
    device: "cpu",
    threads: 1,
    precision: "float32",
    libraries: () => [],
    trains: true,
    hardwareGpu: false,
    largestTensor: null,
    // Clones, for a result may be an argument or a captured tensor, and the caller owns each on its
    // own.
    jit: (fn) =>
      Object.assign(
        (...inputs: tf.Tensor[]) => tf.tidy(() => fn(...inputs).map((result) => result.clone())),
        {
          dispose() {},
        },
      ),
    dispose() {},
  };
}
