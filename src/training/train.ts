/** The training loop. */
import * as tf from "@tensorflow/tfjs";
import { adamw, adamwRates } from "../../kernels/adamw/mod.ts";
import { movingAverage } from "../../kernels/moving_average/mod.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { randomNormal } from "../../kernels/random_normal/mod.ts";
import type { Dataset } from "../datasets/mod.ts";
import { denoisingLoss, noiseSchedule, noisingFactors } from "../diffusion/mod.ts";
import type { Engine, JitFunction } from "../engines/engine.ts";
import { UserError } from "../messages/errors.ts";
import { stepsAtOnce } from "../engines/gpu_pace.ts";
import { nextTask } from "../engines/next_task.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { batchSource } from "./batches.ts";
import { clipGradients } from "./clip.ts";
import { emaDecayAt, learningRateAt, trainingPlan } from "./plan.ts";
import type { TrainingState } from "./state.ts";

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
  const { engine, spec, dataset, state, losses, firstStep = 0, onStep, signal } = options;
  const plan = trainingPlan(spec.training, dataset.count);
  const { stepsPerEpoch } = plan;
  const steps = firstStep + plan.steps;
  const batchAt = batchSource(dataset, spec, stepsPerEpoch);
  const factors = noisingFactors(noiseSchedule(spec.noise));
  const trainStep = jittedTrainStep(engine, spec, state, factors);
  const key = tf.tensor1d(philoxKey(spec.seed, "trainingNoise"), "int32");
  const pending: tf.Tensor[] = [];
  // Number of steps between reads of the losses. On a GPU, a read waits for all queued work. The
  // first step tells how long a step takes.
  let every = 1;
  let idleMs = performance.now();
  try {
    for (let step = losses.length; step < steps; step++) {
      if (signal?.aborted) {
        await read(step);
        signal.throwIfAborted();
      }
      const inputs = stepInputs(
        batchAt(step),
        spec,
        step,
        learningRateAt(step - firstStep, plan.steps, spec.training),
      );
      pending.push(...trainStep(key, ...inputs));
      tf.dispose(inputs);
      const asked = pending.length;
      if (asked >= every || step + 1 === steps || (step + 1) % stepsPerEpoch === 0) {
        await read(step + 1);
        if (engine.device !== "cpu") every = stepsAtOnce((performance.now() - idleMs) / asked);
        await onStep?.(step + 1);
        idleMs = performance.now();
      }
      await nextTask();
    }
  } finally {
    trainStep.dispose();
    tf.dispose([factors, key, ...pending]);
  }

  /** Reads the pending losses of the steps up to `done`. */
  async function read(done: number): Promise<void> {
    if (pending.length === 0) return;
    const together = tf.tidy(() => tf.stack(pending));
    const values = await together.data<"float32">();
    tf.dispose([together, ...pending.splice(0)]);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw diverged(`the loss of step ${done - values.length + bad + 1} is ${values[bad]}`);
    }
    losses.push(...values);
  }
}

/** Thrown when a training's numbers are no longer finite. A retry would diverge again. */
export class DivergedError extends UserError {}

/** The error for a training that has diverged; `what` says where that was noticed. */
export function diverged(what: string): DivergedError {
  return new DivergedError(
    `${what}: the training has diverged. The last checkpoint is from before; a lower training.learningRate or a longer ` +
      "training.warmupSteps usually helps",
  );
}

/**
 * One training step as a jitted function of (noise key, counter, images, timesteps, rates, average
 * decay, labels).
 */
export function jittedTrainStep(
  engine: Engine,
  spec: ResolvedSpec,
  state: TrainingState,
  factors: tf.Tensor2D,
): JitFunction {
  const { beta1, beta2, epsilon, clipNorm } = spec.training;
  const { unet, mean, square, average } = state;
  return engine.jit(function trainStep(key, counter, images, timesteps, rates, decay, label) {
    const x = images as tf.Tensor4D;
    const noise = randomNormal<tf.Rank.R4>(x.shape, key as tf.Tensor1D, counter as tf.Tensor1D);
    const { value, grads } = tf.variableGrads(
      () =>
        denoisingLoss(
          unet.apply,
          factors,
          x,
          noise,
          timesteps as tf.Tensor1D,
          label as tf.Tensor1D | undefined,
        ),
      [...unet.parameters.values()],
    );
    // A parameter that the network does not use has no gradient and stays unchanged, as in PyTorch.
    const slots = [...unet.parameters].flatMap(([name, parameter]) => {
      const gradient = grads[parameter.name];
      return gradient
        ? [{ parameter, gradient, mean: mean.get(name)!, square: square.get(name)! }]
        : [];
    });
    if (clipNorm) {
      const gradients = clipGradients(slots.map(({ gradient }) => gradient), clipNorm);
      slots.forEach((slot, i) => slot.gradient = gradients[i]!);
    }
    adamw(slots, rates as tf.Tensor1D, { beta1, beta2, epsilon });
    if (average) {
      const averages = [...average].map(([name, average]) => ({
        parameter: unet.parameters.get(name)!,
        average,
      }));
      movingAverage(averages, decay as tf.Scalar);
    }
    return [value];
  });
}

function stepInputs(
  { images, size, timesteps, labels }: ReturnType<ReturnType<typeof batchSource>>,
  { imageSize, channels, training }: ResolvedSpec,
  step: number,
  learningRate: number,
): tf.Tensor[] {
  const { beta1, beta2, weightDecay, emaDecay } = training;
  const rates = adamwRates({
    learningRate,
    weightDecay,
    step: step + 1,
    beta1,
    beta2,
  });
  return [
    tf.tensor1d(Int32Array.of(0, 0, step, Math.floor(step / 2 ** 32)), "int32"),
    tf.tensor4d(images, [size, imageSize, imageSize, channels]),
    tf.tensor1d(timesteps, "int32"),
    tf.tensor1d(rates),
    tf.scalar(emaDecayAt(step, emaDecay ?? 0)),
    ...(labels ? [tf.tensor1d(labels, "int32")] : []),
  ];
}
