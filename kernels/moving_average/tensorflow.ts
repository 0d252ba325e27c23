/** Moving averages on the engine `tensorflow`. */
import * as tf from "@tensorflow/tfjs";
import { eachSlot } from "../shared/slots_tensorflow.ts";
import { registerForm } from "../shared/tensorflow_form.ts";

/** Registers the kernel. */
export function register(): void {
  registerForm("MovingAverage", (inputs: Record<string, tf.Tensor>, { count }) => {
    const slots = Array.from(
      { length: count },
      (_, i) => [inputs[`parameter${i}`]!, inputs[`average${i}`]!],
    );
    const step = ([parameter, average]: tf.Tensor[]) => [
      tf.add(parameter!, tf.mul(tf.sub(average!, parameter!), inputs["decay"]!)),
    ];
    return eachSlot(slots, step).flat();
  });
}
