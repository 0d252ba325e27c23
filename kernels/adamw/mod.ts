/** One AdamW step over all parameters of a network. */
import type * as tf from "@tensorflow/tfjs";
import "./reference.ts";
import { assignOutputs } from "../shared/run_kernel.ts";

/** AdamW's tensors for one parameter, all in the parameter's shape. */
export interface AdamWSlot {
  parameter: tf.Variable;
  gradient: tf.Tensor;
  /** The running mean of the gradient (m), initially zero. */
  mean: tf.Variable;
  /** The running mean of the squared gradient (v), initially zero. */
  square: tf.Variable;
}

/** AdamW's constants, with PyTorch's defaults. */
export const adamwDefaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/**
 * The numbers that change from step to step, for the tensor `rates` of {@link adamw}: the
 * weight-decay factor 1 - learningRate weightDecay, the step size learningRate / (1 - beta1^step),
 * and sqrt(1 - beta2^step).
 *
 * @param step 1 at the first step
 */
export function adamwRates(
  options: {
    learningRate: number;
    weightDecay: number;
    step: number;
    beta1?: number;
    beta2?: number;
  },
): [number, number, number] {
  const { learningRate, weightDecay, step, beta1, beta2 } = { ...adamwDefaults, ...options };
  return [
    1 - learningRate * weightDecay,
    learningRate / (1 - beta1 ** step),
    Math.sqrt(1 - beta2 ** step),
  ];
}

/**
 * Takes one step. With [decay, stepSize, correction] = rates:
 *
 *     m = m + (1 - beta1) (g - m)
 *     v = beta2 v + (1 - beta2) g^2
 *     p = decay p - stepSize m / (sqrt(v) / correction + epsilon)
 *
 * Assigns the parameter, mean and square of every slot. As in PyTorch, an infinite m becomes NaN.
 * An infinite v stays infinite, and its parameter only decays.
 *
 * Source: Loshchilov and Hutter, arXiv 1711.05101, algorithm 2, in the order of operations of
 * PyTorch's AdamW.
 *
 * @param slots one for each parameter
 * @param rates float32 [3], see {@link adamwRates}; a tensor, so that a traced step does not freeze
 *   it
 * @param constants beta1, beta2 and epsilon
 * @throws TypeError if shapes differ within a slot
 */
export function adamw(slots: AdamWSlot[], rates: tf.Tensor1D, constants = adamwDefaults): void {
  const inputs: Record<string, tf.Tensor> = { rates };
  slots.forEach(({ parameter, gradient, mean, square }, i) => {
    for (const tensor of [gradient, mean, square]) {
      if (String(tensor.shape) !== String(parameter.shape)) {
        throw new TypeError(
          `adamw: ${parameter.name} is [${parameter.shape}], what goes with it [${tensor.shape}]`,
        );
      }
    }
    inputs[`parameter${i}`] = parameter;
    inputs[`gradient${i}`] = gradient;
    inputs[`mean${i}`] = mean;
    inputs[`square${i}`] = square;
  });
  const variables = slots.flatMap(({ parameter, mean, square }) => [parameter, mean, square]);
  assignOutputs(variables, "AdamW", inputs, { count: slots.length, ...constants });
}
