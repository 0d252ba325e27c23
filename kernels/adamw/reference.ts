/**
 * One AdamW step in plain loops. The outputs are the new parameter, mean and square of each slot in
 * turn.
 */
import { registerReference, type Values, zeros } from "../shared/reference.ts";
import { slotsOf, valueOf } from "../shared/named.ts";

/** AdamW's constants. */
export interface AdamWConstants {
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** The new [parameter, mean, square] of one parameter, with the same rates as `adamw`. */
export function adamwReference(
  [parameter, gradient, mean, square]: [Values, Values, Values, Values],
  rates: ArrayLike<number>,
  { beta1, beta2, epsilon }: AdamWConstants,
): Values[] {
  const [decay, stepSize, correction] = [rates[0]!, rates[1]!, rates[2]!];
  const outputs = [zeros(parameter.shape), zeros(parameter.shape), zeros(parameter.shape)] as const;
  for (let i = 0; i < parameter.data.length; i++) {
    const g = gradient.data[i]!;
    const m = mean.data[i]! + (1 - beta1) * (g - mean.data[i]!);
    const v = beta2 * square.data[i]! + (1 - beta2) * g * g;
    outputs[0].data[i] = decay * parameter.data[i]! -
      stepSize * m / (Math.sqrt(v) / correction + epsilon);
    outputs[1].data[i] = m;
    outputs[2].data[i] = v;
  }
  return [...outputs];
}

registerReference("AdamW", (inputs, attrs) => {
  const constants = attrs as unknown as AdamWConstants & { count: number };
  const rates = valueOf(inputs, "rates").data;
  const slots = slotsOf(inputs, ["parameter", "gradient", "mean", "square"], constants.count);
  return slots.flatMap(({ parameter, gradient, mean, square }) =>
    adamwReference([parameter, gradient, mean, square], rates, constants)
  );
});
