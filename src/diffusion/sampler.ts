/** Drawing images: the loop over batches and steps, around one jitted step. */
import * as tf from "@tensorflow/tfjs";
import type { Engine, JitFunction } from "../engines/engine.ts";
import { stepsAtOnce } from "../engines/gpu_pace.ts";
import { nextTask } from "../engines/next_task.ts";
import { drawnLabels } from "../spec/labels.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { PlaneMap } from "../../kernels/rotate/mod.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { randomNormal } from "../../kernels/random_normal/mod.ts";
import { denoise, stepNumbers } from "./denoise.ts";
import { samplingMotion } from "./motion.ts";
import type { NoisePredictor } from "./noising.ts";
import type { NoiseSchedule } from "./schedule.ts";
import { type SamplingStep, samplingSteps } from "./steps.ts";

/** Options of {@link createSampler}. */
export interface SamplerOptions {
  /** The open engine. */
  engine: Pick<Engine, "jit" | "device">;
  /** The network's `apply`. */
  predict: NoisePredictor;
  /** Height, width and channels of an image. */
  imageShape: [number, number, number];
  /**
   * The sampling section of the resolved spec. `count` and `rotation` are passed to each call
   * instead.
   */
  sampling: Omit<ResolvedSpec["sampling"], "count" | "rotation">;
  /** The number of classes in the resolved spec. */
  classes: number | null;
  /** The noise schedule that the network was trained with. */
  schedule: NoiseSchedule;
  /** Seed of the noise, 0 ... 2^32 - 1. */
  seed: number;
  /** Whether `onStep` receives the images that the network predicts. Default: false. */
  showsGuess?: boolean;
}

/** Options of {@link Sampler.sample}. */
export interface SampleOptions {
  /** The number of images. */
  count: number;
  /**
   * Index of the first image. Default: 0. The index determines the noise: the same index starts
   * from the same noise.
   */
  first?: number;
  /** Degrees by which the images rotate over the whole run, counter-clockwise. Default: 0. */
  angleDegrees?: number;
  /** Called before the first step and after each step. Sampling waits for the returned promise. */
  onStep?: (event: SamplingEvent) => void | Promise<void>;
  /** Aborts between two steps, by throwing the signal's reason. */
  signal?: AbortSignal;
}

/** The progress of sampling. */
export interface SamplingEvent {
  /** The index of the batch's first image. */
  first: number;
  /** The number of images in the batch. */
  size: number;
  /** Steps taken so far, from 0. */
  step: number;
  /** Steps in total. */
  steps: number;
  /** The timestep whose noise level the state has. */
  timestep: number;
  /** The state, [size, height, width, channels]. Valid during the call only; do not dispose it. */
  state: tf.Tensor4D;
  /**
   * With `showsGuess`, and from the first step on: the denoised images that the network predicts,
   * valid as long as `state`. Otherwise null.
   */
  predicted: tf.Tensor4D | null;
}

/** Draws images for one spec. All calls share the jitted step. */
export interface Sampler {
  /** The steps for each image. */
  readonly steps: SamplingStep[];
  /**
   * Draws the images `first` ... `first + count - 1` in batches of the spec's size.
   *
   * @returns the images, not clamped, [count, height, width, channels] in row-major order
   */
  sample(options: SampleOptions): Promise<Float32Array<ArrayBuffer>>;
  /** Frees the jitted steps. */
  dispose(): void;
}

/** Creates a sampler. Throws a RangeError if the spec asks for more steps than the schedule has. */
export function createSampler(options: SamplerOptions): Sampler {
  const steps = samplingSteps(options.sampling, options.schedule);
  const jitted = new Map<string, JitFunction>();
  return {
    steps,
    async sample({ count, first = 0, angleDegrees = 0, onStep, signal }) {
      const [height, width, channels] = options.imageShape;
      const pixels = height * width * channels;
      const { shift, batchSize } = options.sampling;
      const noiseSteps = options.schedule.beta.length;
      const motion = samplingMotion([height, width], angleDegrees, shift, steps.length, noiseSteps);
      const images = new Float32Array(count * pixels);
      try {
        for (let done = 0; done < count; done += batchSize) {
          const batch = { first: first + done, size: Math.min(batchSize, count - done) };
          const state = await sampleBatch(
            options,
            steps,
            motion.mapsAfter,
            jitted,
            batch,
            onStep,
            signal,
          );
          try {
            images.set(await state.data<"float32">(), done * pixels);
          } finally {
            state.dispose();
          }
        }
      } finally {
        motion.dispose();
      }
      return images;
    },
    dispose() {
      jitted.forEach((step) => step.dispose());
      jitted.clear();
    },
  };
}

/** Draws images with a temporary sampler; see {@link createSampler}. */
export async function sampleImages(
  options: SamplerOptions & SampleOptions,
): Promise<Float32Array<ArrayBuffer>> {
  const sampler = createSampler(options);
  try {
    return await sampler.sample(options);
  } finally {
    sampler.dispose();
  }
}

/**
 * Converts values in [-1, 1] to 8-bit pixels, as published: clamp, then truncate (x + 1) / 2 * 255,
 * in float32 as PyTorch does.
 *
 * @param values any number of them
 */
export function toPixels(values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    values,
    (value) => Math.trunc(Math.fround(Math.fround(Math.min(1, Math.max(-1, value)) + 1) / 2 * 255)),
  );
}

async function sampleBatch(
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
