/** Draws one batch of images: the loop over the steps, around one jitted step. */
import * as tf from "@tensorflow/tfjs";
import type { JitFunction } from "../engines/engine.ts";
import { stepsAtOnce } from "../engines/gpu_pace.ts";
import { nextTask } from "../engines/next_task.ts";
import { drawnLabels } from "../spec/labels.ts";
import type { PlaneMap } from "../../kernels/rotate/mod.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { randomNormal } from "../../kernels/random_normal/mod.ts";
import { denoise, stepNumbers } from "./denoise.ts";
import type { SamplingStep } from "./steps.ts";
import type { SampleOptions, SamplerOptions } from "./sampler.ts";

/** Draws the images `first` ... `first + size - 1`. The caller frees the returned tensor. */
export async function sampleBatch(
  options: SamplerOptions,
  steps: SamplingStep[],
  mapsAfter: (step: SamplingStep) => PlaneMap[],
  jitted: Map<string, JitFunction>,
  { first, size }: { first: number; size: number },
  onStep: SampleOptions["onStep"],
  signal: AbortSignal | undefined,
): Promise<tf.Tensor4D> {
  const { engine, imageShape, seed } = options;
  // Image sizes are multiples of 8, so an image is a whole number of blocks and its noise does not
  // depend on other images.
  const blocks = Math.ceil(imageShape[0] * imageShape[1] * imageShape[2] / 4);
  const carries = steps.some((step) => step.previous !== 0);
  const draws = steps.some((step) => step.noise !== 0);
  const label = options.classes === null ? null : labelsOf(options, first, size);
  const key = tf.tensor1d(philoxKey(seed, "samplingStep"), "int32");
  // On a GPU, a call only queues its step. Without an occasional wait, progress would run ahead and
  // Ctrl-C would hang.
  let every = 1;
  let asked = 0;
  let idleMs = performance.now();
  let state = startingNoise(options, first, size);
  let predicted = carries ? tf.zerosLike(state) : null;
  try {
    await onStep?.({
      first,
      size,
      step: 0,
      steps: steps.length,
      timestep: steps[0]!.timestep,
      state,
      predicted: null,
    });
    for (const [k, step] of steps.entries()) {
      await nextTask();
      signal?.throwIfAborted();
      const maps = mapsAfter(step);
      const numbers = stepNumbers(step);
      const counter = counterTensor(first * blocks, k);
      const inputs = [
        state,
        numbers,
        ...(carries && predicted ? [predicted] : []),
        ...(draws ? [key, counter] : []),
      ];
      const run = jittedStep(options, jitted, { carries, draws, labelled: label !== null }, maps);
      const results = run(
        ...inputs,
        ...(label ? [label] : []),
        ...maps.flatMap((map) => map.tensors),
      );
      tf.dispose([state, predicted, numbers, counter].filter((tensor) => tensor !== null));
      [state, predicted] = [
        results[0] as tf.Tensor4D,
        (results[1] as tf.Tensor4D | undefined) ?? null,
      ];
      const waits = engine.device !== "cpu" && ++asked >= every;
      if (waits) {
        await state.data(); // The shortest wait that every engine supports.
        every = stepsAtOnce((performance.now() - idleMs) / asked);
      }
      await onStep?.({
        first,
        size,
        step: k + 1,
        steps: steps.length,
        timestep: step.nextTimestep,
        state,
        predicted: options.showsGuess ? predicted : null,
      });
      if (waits) [asked, idleMs] = [0, performance.now()];
    }
    return state;
  } catch (error) {
    state.dispose();
    throw error;
  } finally {
    tf.dispose([predicted, key, label].filter((tensor) => tensor !== null));
  }
}

/**
 * Returns the step as a function of a flat list of tensors. There is one for each combination of
 * map kinds, because the kinds are frozen in the recording.
 */
function jittedStep(
  options: SamplerOptions,
  jitted: Map<string, JitFunction>,
  { carries, draws, labelled }: { carries: boolean; draws: boolean; labelled: boolean },
  maps: PlaneMap[],
): JitFunction {
  const kinds = maps.map((map) => map.kind).join();
  const found = jitted.get(kinds);
  if (found) return found;
  const shapes = maps.map(({ kind, height, width, tensors }) => ({
    kind,
    height,
    width,
    count: tensors.length,
  }));
  const { predict, sampling: { clip, guidance } } = options;
  function samplingStep(...inputs: tf.Tensor[]): tf.Tensor[] {
    const take = <T extends tf.Tensor>() => inputs.shift() as T;
    const result = denoise({ predict, clip, guidance }, {
      x: take<tf.Tensor4D>(),
      numbers: take<tf.Tensor1D>(),
      ...(carries ? { previous: take<tf.Tensor4D>() } : {}),
      ...(draws ? { random: { key: take<tf.Tensor1D>(), counter: take<tf.Tensor1D>() } } : {}),
      ...(labelled ? { label: take<tf.Tensor1D>() } : {}),
      maps: shapes.map(({ count, ...shape }) => ({ ...shape, tensors: inputs.splice(0, count) })),
    });
    return carries || options.showsGuess ? [result.x, result.predicted] : [result.x];
  }
  const step = options.engine.jit(samplingStep);
  jitted.set(kinds, step);
  return step;
}

function startingNoise(
  { imageShape, seed }: SamplerOptions,
  first: number,
  size: number,
): tf.Tensor4D {
  const blocks = Math.ceil(imageShape[0] * imageShape[1] * imageShape[2] / 4);
  return tf.tidy(() =>
    randomNormal<tf.Rank.R4>(
      [size, ...imageShape],
      tf.tensor1d(philoxKey(seed, "samplingStart"), "int32"),
      counterTensor(first * blocks, 0),
    )
  );
}

/** A Philox counter with the block in the low 64 bits and the step in the high 64 bits. */
function counterTensor(block: number, step: number): tf.Tensor1D {
  return tf.tensor1d(Int32Array.of(block, Math.floor(block / 2 ** 32), step, 0), "int32");
}

/**
 * The classes of a batch: from the spec's list if there is one, otherwise all classes in turn. Both
 * repeat cyclically by image index.
 */
function labelsOf(
  { sampling, classes }: SamplerOptions,
  first: number,
  size: number,
): tf.Tensor1D {
  const all = drawnLabels({ sampling, classes: classes ?? 1 }) ?? [0];
  return tf.tensor1d(
    Array.from({ length: size }, (_, i) => all[(first + i) % all.length]!),
    "int32",
  );
}
