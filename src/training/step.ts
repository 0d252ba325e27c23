/** One training step: draws noise, takes the gradient, updates the weights and their average. */
import * as tf from "@tensorflow/tfjs";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import type { Engine, JitFunction } from "../engines/engine.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { accumulatedStep } from "./accumulate.ts";
import type { Batch } from "./batches.ts";
import { batchTensors, gradientOf } from "./gradient.ts";
import type { TrainingState } from "./state.ts";
import { updateNumbers, updateOf } from "./update.ts";

/** The inputs of all steps. */
export interface StepOptions {
  engine: Engine;
  spec: ResolvedSpec;
  /** The state to train. It is changed in place. */
  state: TrainingState;
  /** From `noisingFactors`. */
  factors: tf.Tensor2D;
}

/** Takes training steps. */
export interface TrainStep {
  /**
   * Takes one step.
   *
   * @param step its index in the training, from 0
   * @returns the losses, see `BatchGradient`; the caller frees them
   */
  run(batch: Batch, step: number, learningRate: number): tf.Tensor;
  /** Frees the recordings. */
  dispose(): void;
}

/** The training step of a spec: one jitted function, or parts whose gradients are added up. */
export function createTrainStep(options: StepOptions): TrainStep {
  const { engine, spec, state, factors } = options;
  if (spec.training.accumulate) return accumulatedStep(options, spec.training.accumulate);
  const jitted = jittedTrainStep(engine, spec, state, factors);
  const key = tf.tensor1d(philoxKey(spec.seed, "trainingNoise"), "int32");
  return {
    run(batch, step, learningRate) {
      const whole = { step, first: 0, size: batch.size };
      const [counter, images, timesteps, ...rest] = batchTensors(batch, spec, state.unet, whole);
      const numbers = updateNumbers(spec, step, learningRate);
      const inputs = [counter!, images!, timesteps!, ...numbers, ...rest];
      const [losses] = jitted(key, ...inputs);
      tf.dispose(inputs);
      return losses!;
    },
    dispose() {
      jitted.dispose();
      key.dispose();
    },
  };
}

/**
 * One training step as a jitted function of (noise key, counter, images, timesteps, rates, average
 * decay, and the rest of `batchTensors`).
 */
export function jittedTrainStep(
  engine: Engine,
  spec: ResolvedSpec,
  state: TrainingState,
  factors: tf.Tensor2D,
): JitFunction {
  const gradient = gradientOf(spec, state.unet, factors);
  const update = updateOf(spec, state);
  return engine.jit(function trainStep(key, counter, images, timesteps, rates, decay, ...rest) {
    const { losses, gradients } = gradient(key!, [counter!, images!, timesteps!, ...rest]);
    update(gradients, rates!, decay!);
    return [losses];
  });
}
