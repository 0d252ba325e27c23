/** The second half of a step: clipping, AdamW, and the moving average of the weights. */
import * as tf from "@tensorflow/tfjs";
import { adamw, adamwRates } from "../../kernels/adamw/mod.ts";
import { movingAverage } from "../../kernels/moving_average/mod.ts";
import { rank1, scalar } from "../../kernels/shared/ranks.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { clipGradients } from "./clip.ts";
import { emaDecayAt } from "./plan.ts";
import type { TrainingState } from "./state.ts";

/** The numbers that the update of a step needs: AdamW's rates and the average's decay. */
export function updateNumbers(
  { training: { beta1, beta2, weightDecay, emaDecay } }: ResolvedSpec,
  step: number,
  learningRate: number,
): [rates: tf.Tensor1D, decay: tf.Scalar] {
  const rates = adamwRates({ learningRate, weightDecay, step: step + 1, beta1, beta2 });
  return [tf.tensor1d(rates), tf.scalar(emaDecayAt(step, emaDecay ?? 0))];
}

/** A function of a gradient and {@link updateNumbers} that updates the state. */
export function updateOf(
  spec: ResolvedSpec,
  { unet, mean, square, average }: TrainingState,
): (gradients: ReadonlyMap<string, tf.Tensor>, rates: tf.Tensor, decay: tf.Tensor) => void {
  const { beta1, beta2, epsilon, clipNorm } = spec.training;
  return (gradients, rates, decay) => {
    const all = [...gradients.values()];
    const clipped = clipNorm ? clipGradients(all, clipNorm) : all;
    // A parameter that the network does not use has no gradient and stays unchanged, as in PyTorch.
    const slots = [...gradients.keys()].map((name, i) => ({
      parameter: unet.parameters.get(name)!,
      gradient: clipped[i]!,
      mean: mean.get(name)!,
      square: square.get(name)!,
    }));
    adamw(slots, rank1(rates), { beta1, beta2, epsilon });
    if (average) {
      const averages = [...average].map(([name, average]) => ({
        parameter: unet.parameters.get(name)!,
        average,
      }));
      movingAverage(averages, scalar(decay));
    }
  };
}
