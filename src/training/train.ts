/** The training loop. */
import * as tf from "@tensorflow/tfjs";
import type { Dataset } from "../datasets/mod.ts";
import { noiseSchedule, noisingFactors } from "../diffusion/mod.ts";
import type { Engine } from "../engines/engine.ts";
import { UserError } from "../messages/errors.ts";
import { stepsAtOnce } from "../engines/gpu_pace.ts";
import { nextTask } from "../engines/next_task.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { batchSource } from "./batches.ts";
import { learningRateAt, trainingPlan } from "./plan.ts";
import type { TrainingState } from "./state.ts";
import { createTrainStep } from "./step.ts";

/** Options of {@link train}. */
export interface TrainOptions {
  engine: Engine;
  spec: ResolvedSpec;
  dataset: Dataset;
  /** The state to train. It is changed in place. */
  state: TrainingState;
  /**
   * The losses of the completed steps. The losses of the coming steps are appended. Its length is
   * the index of the next step.
   */
  losses: number[];
  /** With training.equivariance: the equivariance loss of each coming step is appended. */
  equivarianceLosses?: number[];
  /**
   * Number of steps of an earlier training that this one continues, whose losses come first.
   * Default: 0.
   */
  firstStep?: number;
  /**
   * Called when losses have been read. Training waits for the returned promise. `step` steps are
   * done, and `state` and `losses` match them.
   */
  onStep?: (step: number) => void | Promise<void>;
  /**
   * Aborts between two steps, by throwing the signal's reason. `state` and `losses` are consistent
   * then.
   */
  signal?: AbortSignal;
}

/**
 * Trains to the end, starting at the step given by the length of `losses`.
 *
 * Source: Ho et al., arXiv 2006.11239, algorithm 1, with AdamW; t starts at 1, as published.
 *
 * @throws DivergedError if the loss is not finite
 */
export async function train(options: TrainOptions): Promise<void> {
  const { engine, spec, dataset, state, losses, equivarianceLosses } = options;
  const { firstStep = 0, onStep, signal } = options;
  const plan = trainingPlan(spec.training, dataset.count);
  const { stepsPerEpoch } = plan;
  const steps = firstStep + plan.steps;
  const batchAt = batchSource(dataset, spec, stepsPerEpoch);
  const factors = noisingFactors(noiseSchedule(spec.noise));
  const trainStep = createTrainStep({ engine, spec, state, factors });
  const pending: tf.Tensor[] = [];
  // The number of steps between reads of the losses. On a GPU, a read waits for all queued work.
  // The first step measures how long a step takes.
  let every = 1;
  let idleMs = performance.now();
  try {
    for (let step = losses.length; step < steps; step++) {
      if (signal?.aborted) {
        await read(step);
        signal.throwIfAborted();
      }
      const learningRate = learningRateAt(step - firstStep, plan.steps, spec.training);
      pending.push(trainStep.run(batchAt(step), step, learningRate));
      const queued = pending.length;
      if (queued >= every || step + 1 === steps || (step + 1) % stepsPerEpoch === 0) {
        await read(step + 1);
        if (engine.device !== "cpu") every = stepsAtOnce((performance.now() - idleMs) / queued);
        await onStep?.(step + 1);
        idleMs = performance.now();
      }
      await nextTask();
    }
  } finally {
    trainStep.dispose();
    tf.dispose([factors, ...pending]);
  }

  /** Reads the pending losses of the steps up to `done`. */
  async function read(done: number): Promise<void> {
    if (pending.length === 0) return;
    const together = tf.tidy(() => tf.stack(pending));
    const values = await together.data<"float32">();
    // With training.equivariance, each step has two losses.
    const each = values.length / pending.length;
    tf.dispose([together, ...pending.splice(0)]);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      const step = done - values.length / each + Math.floor(bad / each) + 1;
      throw diverged(`the loss of step ${step} is ${values[bad]}`);
    }
    losses.push(...values.filter((_, i) => i % each === 0));
    equivarianceLosses?.push(...values.filter((_, i) => i % each === 1));
  }
}

/** Thrown when a training's numbers are no longer finite. A retry would diverge again. */
export class DivergedError extends UserError {}

/** The error for a training that has diverged; `what` is the number that is not finite. */
export function diverged(what: string): DivergedError {
  return new DivergedError(
    `${what}: the training has diverged. The last checkpoint is from before; a lower ` +
      "training.learningRate or a longer training.warmupSteps usually helps",
  );
}
