/** Moving averages on the engine `tensorflow`. */
import * as tf from "@tensorflow/tfjs";
import { eachSlot } from "../shared/slots_tensorflow.ts";
import { registerForm } from "../shared/tensorflow_form.ts";
import { valueOf } from "../shared/named.ts";

/** Registers the kernel. */
export function register(): void {
  registerForm("MovingAverage", (inputs: Record<string, tf.Tensor>, { count }) => {
    const decay = valueOf(inputs, "decay");
    return eachSlot(inputs, ["parameter", "average"], count, ({ parameter, average }) => [
      tf.add(parameter, tf.mul(tf.sub(average, parameter), decay)),
    ]);
  });
}
