/** Moving averages on the engine `tensorflow`. */
import * as tf from "@tensorflow/tfjs";
import { registerForm } from "../tensorflow_form.ts";

/** Registers the form. */
export function register(): void {
  registerForm(
    "MovingAverage",
    (inputs: Record<string, tf.Tensor>, { count }) =>
      Array.from({ length: count }, (_, i) => {
        const parameter = inputs[`parameter${i}`]!, average = inputs[`average${i}`]!;
        return tf.add(parameter, tf.mul(tf.sub(average, parameter), inputs["decay"]!));
      }),
  );
}
