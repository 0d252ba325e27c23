/** Previews: a few images that show how a training is doing. They change no weight. */
import { createSampler, noiseSchedule, type Sampler, toPixels } from "../diffusion/mod.ts";
import type { Engine } from "../engines/engine.ts";
import type { TensorData } from "../formats/safetensors.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { type TrainingState, withAverage } from "../training/state.ts";

/** Number of images in a preview, as published. */
export const previewCount = 8;

/** Sampling steps of a fast preview. */
const fastSteps = 25;

/** Maximum share of the training's time that fast previews take. */
const maxShare = 0.03;

/** Cost of a sampling step relative to a training step, per image, measured on CPUs. */
export const forwardShare = 0.27;

/** How images are drawn. */
export type Sampling = ResolvedSpec["sampling"];

/** How each kind of preview is sampled. A new kind does not compile until it is added here. */
export const previewSamplers: Record<
  ResolvedSpec["training"]["previewSampler"],
  (spec: ResolvedSpec) => Sampling
> = {
  "published": ({ sampling }) => sampling,
  "fast": ({ sampling, noise }) => ({
    ...sampling,
    sampler: "dpm-solver++",
    steps: Math.min(fastSteps, sampling.steps, noise.steps - 1),
    eta: null,
    variance: null,
    clip: true, // Networks need it early in training.
  }),
};

/** How a spec's previews are drawn. */
export function previewSampling(spec: ResolvedSpec): Sampling {
  const sampling = previewSamplers[spec.training.previewSampler](spec);
  return { ...sampling, count: previewCount, batchSize: previewCount };
}

/** Cost of a preview, in trained images. */
function previewCost(spec: ResolvedSpec): number {
  const { guidance, steps } = previewSampling(spec);
  const guided = guidance !== null && guidance !== 1;
  return previewCount * (guided ? 2 : 1) * steps * forwardShare;
}

/**
 * Epochs between previews: the spec's number, or a multiple of it that keeps fast previews within
 * their share of the time; Infinity if there are none.
 *
 * @param count number of images in the dataset
 */
export function epochsBetweenPreviews(spec: ResolvedSpec, count: number): number {
  const { previewEveryEpochs: every, previewSampler } = spec.training;
  if (every === null) return Infinity;
  if (previewSampler === "published") return every;
  return every * Math.max(1, Math.ceil(previewCost(spec) / maxShare / (every * count)));
}

/**
 * How many previews there are when a training reaches a step.
 *
 * @param steps steps done, including those of the parent
 * @param firstStep steps of the parent, at which this training began
 */
export function previewsDue(
  spec: ResolvedSpec,
  { count, steps, firstStep }: { count: number; steps: number; firstStep: number },
): number {
  const stepsPerEpoch = Math.ceil(count / spec.training.batchSize);
  const every = epochsBetweenPreviews(spec, count) * stepsPerEpoch;
  return Math.floor(steps / every) - Math.floor(firstStep / every);
}

/** Number of previews in a whole training on `count` images. */
export function previewsIn(spec: ResolvedSpec, count: number): number {
  const { epochs, images } = spec.training;
  const seen = epochs ?? (images ?? 0) / count;
  return Math.floor(seen / epochsBetweenPreviews(spec, count));
}

/** What drawing previews needs. */
export interface PreviewOptions {
  engine: Engine;
  spec: ResolvedSpec;
  state: TrainingState;
  signal?: AbortSignal | undefined;
}

/** A preview, and how fast it was drawn. */
export interface Preview {
  /** One byte per value, in the order N, H, W, C. */
  pixels: Uint8Array;
  /** Seconds per sampling step, once compiled. */
  stepSeconds: number;
}

/** Draws previews, with the averaged weights if there are any. */
export interface Previewer extends Disposable {
  draw(): Promise<Preview>;
}

/**
 * Creates the previewer of a training. The first preview compiles the sampler.
 *
 * @param sampling how to draw, and how many images
 */
export function createPreviewer(
  { engine, spec, state, signal }: PreviewOptions,
  sampling: Sampling = previewSampling(spec),
): Previewer {
  let sampler: Sampler | null = null;
  return {
    async draw() {
      const reachedMs: number[] = [];
      const drawn = sampler ??= createSampler({
        engine,
        predict: state.unet.apply,
        imageShape: [spec.imageSize, spec.imageSize, spec.channels],
        sampling,
        classes: spec.classes,
        schedule: noiseSchedule(spec.noise),
        seed: spec.seed,
      });
      const images = await withAverage(state, () =>
        drawn.sample({
          count: sampling.count,
          onStep: () => void reachedMs.push(performance.now()),
          ...(signal ? { signal } : {}),
        }));
      return { pixels: toPixels(images), stepSeconds: medianGap(reachedMs) / 1000 };
    },
    [Symbol.dispose]() {
      sampler?.dispose();
      sampler = null;
    },
  };
}

/** The median time between two steps, which ignores the compilation of the first. */
function medianGap(times: readonly number[]): number {
  const gaps = times.slice(1).map((ms, i) => ms - (times[i] ?? ms)).sort((a, b) => a - b);
  return gaps[gaps.length >> 1] ?? 0;
}

/** Previews as uint8 [previews, count, size, size, channels]; null if there are none. */
export function previewTensor(
  previews: readonly Uint8Array[],
  { imageSize, channels }: ResolvedSpec,
): TensorData | null {
  const [first] = previews;
  if (first === undefined) return null;
  const bytesEach = first.length;
  const data = new Uint8Array(bytesEach * previews.length);
  previews.forEach((preview, i) => data.set(preview, i * bytesEach));
  return {
    dtype: "U8",
    shape: [previews.length, previewCount, imageSize, imageSize, channels],
    data,
  };
}

/** The previews in a tensor made by {@link previewTensor}. */
export function previewsOf(tensor: TensorData | null): Uint8Array[] {
  const count = tensor?.shape[0];
  if (!tensor || !count) return [];
  const data = tensor.data as Uint8Array; // A checkpoint's previews are bytes.
  const bytesEach = data.length / count;
  return Array.from({ length: count }, (_, i) => data.slice(i * bytesEach, (i + 1) * bytesEach));
}
