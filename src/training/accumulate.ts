/**
 * A training step in parts: it adds up the gradients of parts of the batch, and updates the weights
 * once. It needs the memory of one part. Up to rounding, the result is that of the whole batch,
 * because each image keeps its noise, its timestep and its dropout.
 */
import * as tf from "@tensorflow/tfjs";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { batchTensors, gradientOf } from "./gradient.ts";
import type { StepOptions, TrainStep } from "./step.ts";
import { updateNumbers, updateOf } from "./update.ts";

/**
 * A step that splits each batch into `count` parts.
 *
 * @param count at least 1; a smaller batch has one part per image
 */
export function accumulatedStep(
  { engine, spec, state, factors }: StepOptions,
  count: number,
): TrainStep {
  const { unet } = state;
  const gradient = gradientOf(spec, unet, factors);
  const update = updateOf(spec, state);
  const sums = new Map(
    [...unet.parameters].map(([name, parameter]) => [
      name,
      tf.tidy(() => tf.variable(tf.zerosLike(parameter), false)),
    ]),
  );
  /** The parameters that have a gradient. */
  const trained = new Set<string>();
  const addPart = engine.jit(function addPart(share, key, ...tensors) {
    const { losses, gradients } = gradient(key!, tensors);
    for (const [name, part] of gradients) {
      const sum = sums.get(name)!;
      sum.assign(sum.add(part.mul(share!)));
      trained.add(name);
    }
    return [losses.mul(share!)];
  });
  const finish = engine.jit(function finishStep(rates, decay) {
    const whole = [...sums].filter(([name]) => trained.has(name));
    update(new Map(whole), rates!, decay!);
    for (const [, sum] of whole) sum.assign(tf.zerosLike(sum));
    return [];
  });
  const key = tf.tensor1d(philoxKey(spec.seed, "trainingNoise"), "int32");
  return {
    run(batch, step, learningRate) {
      const losses = partsOf(batch.size, count).map(({ first, size }) => {
        const share = tf.scalar(size / batch.size);
        const inputs = [share, key, ...batchTensors(batch, spec, unet, { step, first, size })];
        const [loss] = addPart(...inputs);
        tf.dispose(inputs.filter((input) => input !== key));
        return loss!;
      });
      const numbers = updateNumbers(spec, step, learningRate);
      finish(...numbers);
      const loss = tf.tidy(() => tf.sum(tf.stack(losses), 0));
      tf.dispose([...numbers, ...losses]);
      return loss;
    },
    dispose() {
      addPart.dispose();
      finish.dispose();
      tf.dispose([key, ...sums.values()]);
    },
  };
}

/** The parts of a batch: none is empty, and their sizes differ by at most one. */
export function partsOf(size: number, count: number): { first: number; size: number }[] {
  const parts = Math.min(size, count);
  const start = (part: number) => Math.floor(size * part / parts);
  return Array.from(
    { length: parts },
    (_, part) => ({ first: start(part), size: start(part + 1) - start(part) }),
  );
}
