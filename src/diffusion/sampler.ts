/** Drawing images: the loop over batches and steps, around one jitted step. */
import type * as tf from "@tensorflow/tfjs";
import type { Engine, JitFunction } from "../engines/engine.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { samplingMotion } from "./motion.ts";
import type { NoisePredictor } from "./noising.ts";
import type { NoiseSchedule } from "./schedule.ts";
import { type SamplingStep, samplingSteps } from "./steps.ts";
import { sampleBatch } from "./sample_batch.ts";

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
  /**
   * Whether the network sees a moving image moved back, and its prediction is moved in turn. Any
   * network is then equivariant by construction, so what a run loses is not the network's. For
   * measurements. Default: false.
   */
  isUpright?: boolean;
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
  const recorded = new Map<string, JitFunction>();
  return {
    steps,
    async sample({ count, first = 0, angleDegrees = 0, onStep, signal }) {
      const [height, width, channels] = options.imageShape;
      const pixels = height * width * channels;
      const { sampling, schedule } = options;
      const motion = samplingMotion({
        size: [height, width],
        degrees: angleDegrees,
        sampling,
        steps,
        noiseSteps: schedule.beta.length,
        isUpright: options.isUpright,
      });
      const run = { options, steps, motion, recorded };
      const images = new Float32Array(count * pixels);
      try {
        for (let done = 0; done < count; done += sampling.batchSize) {
          const batch = { first: first + done, size: Math.min(sampling.batchSize, count - done) };
          const state = await sampleBatch(run, batch, { onStep, signal });
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
      recorded.forEach((step) => step.dispose());
      recorded.clear();
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
