/** One step of the moving averages of all parameters of a network. */
import type * as tf from "@tensorflow/tfjs";
import "./reference.ts";
import { assignOutputs } from "../shared/run_kernel.ts";

/** A parameter and its moving average, both of the same shape. */
export interface AverageSlot {
  parameter: tf.Variable;
  average: tf.Variable;
}

/**
 * Takes one step: average = parameter + decay (average - parameter), which equals
 * decay average + (1 - decay) parameter. Assigns the average of every slot.
 *
 * Source: Tarvainen and Valpola, arXiv 1703.01780, equation 2.
 *
 * @param slots one for each parameter
 * @param decay float32 scalar in [0, 1]; a tensor, so that a traced step does not freeze it
 * @throws TypeError if shapes differ within a slot
 */
export function movingAverage(slots: AverageSlot[], decay: tf.Scalar): void {
  const inputs: Record<string, tf.Tensor> = { decay };
  slots.forEach(({ parameter, average }, i) => {
    if (String(parameter.shape) !== String(average.shape)) {
      throw new TypeError(
        `movingAverage: ${parameter.name} is [${parameter.shape}], its average [${average.shape}]`,
      );
    }
    inputs[`parameter${i}`] = parameter;
    inputs[`average${i}`] = average;
  });
  const averages = slots.map(({ average }) => average);
  assignOutputs(averages, "MovingAverage", inputs, { count: slots.length });
}
