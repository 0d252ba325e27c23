/**
 * The engine `cpu`: tfjs's plain JavaScript backend with the reference kernels. It defines what is
 * correct, and it is slow.
 */
import * as tf from "@tensorflow/tfjs";
import type { Engine } from "./engine.ts";

/** Opens the engine. Its `jit` simply calls the function. */
export async function openCpuEngine(): Promise<Engine> {
  await tf.setBackend("cpu");
  // Suppress the backend's warning that it is slow. Its type hides the flag.
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
    // Return clones: a result may be an argument or a captured tensor, and the caller owns each
    // separately.
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
