/**
 * A density with an exactly known diffusion, for tests of samplers and of equivariance. Every pixel
 * is drawn independently from a mixture of Gaussians. Its noised density is again a mixture, with
 * an analytic score.
 */
import * as tf from "@tensorflow/tfjs";
import { erf } from "../../kernels/gelu/erf.ts";
import { rank4 } from "../../kernels/shared/ranks.ts";
import { factorsAt, type NoisePredictor, noisingFactors } from "./noising.ts";
import type { NoiseSchedule } from "./schedule.ts";

/** One Gaussian of a mixture. */
export interface Component {
  weight: number;
  mean: number;
  deviation: number;
}

/**
 * The mixture at a noise level: means are scaled by sqrt(alphaBar), variances by alphaBar, and
 * 1 - alphaBar is added to the variances.
 */
export function noisedMixture(mixture: Component[], alphaBar: number): Component[] {
  return mixture.map(({ weight, mean, deviation }) => ({
    weight,
    mean: Math.sqrt(alphaBar) * mean,
    deviation: Math.sqrt(alphaBar * deviation ** 2 + 1 - alphaBar),
  }));
}

/** The noise that a perfect network predicts at x: -sqrt(1 - alphaBar) times the score. */
export function mixtureNoise(mixture: Component[], alphaBar: number, x: number): number {
  let density = 0;
  let slope = 0;
  for (const { weight, mean, deviation } of noisedMixture(mixture, alphaBar)) {
    const z = (x - mean) / deviation;
    const part = weight / deviation * Math.exp(-z * z / 2);
    density += part;
    slope += part * z / deviation;
  }
  return Math.sqrt(1 - alphaBar) * slope / density;
}

/** The probability of a value of at most x. */
export function mixtureCdf(mixture: Component[], x: number): number {
  return mixture.reduce(
    (sum, { weight, mean, deviation }) =>
      sum + weight * (1 + erf((x - mean) / (deviation * Math.SQRT2))) / 2,
    0,
  );
}

/** The quantile of a probability, found by bisection. */
export function mixtureQuantile(mixture: Component[], part: number): number {
  let low = -20;
  let high = 20;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (mixtureCdf(mixture, middle) < part) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** {@link mixtureNoise} for every pixel, as a function of tensors. */
export function mixturePredictor(mixture: Component[], schedule: NoiseSchedule): NoisePredictor {
  const factors = noisingFactors(schedule);
  return (x, t) =>
    tf.tidy(() => {
      const [signalFactor, spreadFactor] = factorsAt(factors, t.toInt());
      const signal = signalFactor.expandDims(4);
      const spread = spreadFactor.expandDims(4);
      const row = (pick: (component: Component) => number) =>
        tf.tensor(mixture.map(pick), [1, 1, 1, 1, mixture.length]);
      const variance = row(({ deviation }) => deviation ** 2).mul(signal.square()).add(
        spread.square(),
      );
      const offset = x.expandDims(4).sub(row(({ mean }) => mean).mul(signal));
      const logits = row(({ weight }) => Math.log(weight)).sub(variance.log().div(2))
        .sub(offset.square().div(variance.mul(2)));
      return rank4(logits.softmax().mul(offset).div(variance).mul(spread).sum(4));
    });
}
