/** Previews: a few images that show how far a training is. No weight depends on them. */
import { createSampler, noiseSchedule, type Sampler, toPixels } from "../diffusion/mod.ts";
import type { Engine } from "../engines/engine.ts";
import type { TensorData } from "../formats/safetensors.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { type TrainingState, withAverage } from "../training/state.ts";

/** Images that a preview draws, as published. */
export const previewCount = 8;

/** Steps of a fast preview. */
const fastSteps = 25;

/** Fast previews take at most this part of the training's time. */
const mostShare = 0.03;

/** What a step of drawing costs an image, of what a training step does, measured on CPUs. */
export const forwardShare = 0.27;

/** How images are drawn. */
export type Sampling = ResolvedSpec["sampling"];

/** The sampling of each kind of preview. A name without its way does not compile. */
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
    clip: true, // What young networks need.
  }),
};

/** How a spec's previews are drawn. */
export function previewSampling(spec: ResolvedSpec): Sampling {
  const sampling = previewSamplers[spec.training.previewSampler](spec);
  return { ...sampling, count: previewCount, batchSize: previewCount };
}

/** What a preview costs, in images of a training step. */
function previewCost(spec: ResolvedSpec): number {
  const { guidance, steps } = previewSampling(spec);
  const guided = guidance !== null && guidance !== 1;
  return previewCount * (guided ? 2 : 1) * steps * forwardShare;
}

/**
 * Epochs from one preview to the next: as many as the spec says, or the multiple that keeps fast
 * previews from taking more than their share; Infinity for none.
 *
 * @param count images of the dataset
 */
export function epochsBetweenPreviews(spec: ResolvedSpec, count: number): number {
  const { previewEveryEpochs: every, previewSampler } = spec.training;
  if (every === null) return Infinity;
  if (previewSampler === "published") return every;
  return every * Math.max(1, Math.ceil(previewCost(spec) / mostShare / (every * count)));
}

/**
 * Previews that there are once a training has come so far.
 *
 * @param steps that are done, those of its parent among them
 * @param firstStep where it began: steps of its parent
 */
export function previewsDue(
  spec: ResolvedSpec,
  { count, steps, firstStep }: { count: number; steps: number; firstStep: number },
): number {
  const stepsPerEpoch = Math.ceil(count / spec.training.batchSize);
  const every = epochsBetweenPreviews(spec, count) * stepsPerEpoch;
  return Math.floor(steps / every) - Math.floor(firstStep / every);
}

/** Previews of a whole training from its beginning, on so many images. */
export function previewsIn(spec: ResolvedSpec, count: number): number {
  const { epochs, images } = spec.training;
  const seen = epochs ?? (images ?? 0) / count;
  return Math.floor(seen / epochsBetweenPreviews(spec, count));
}

/** What drawing a preview needs. */
export interface PreviewRequest {
  engine: Engine;
  spec: ResolvedSpec;
  state: TrainingState;
  signal?: AbortSignal | undefined;
}

/** A preview, and how fast it was drawn. */
export interface Preview {
  /** Bytes N, H, W, C. */
  pixels: Uint8Array;
  /** Seconds that a step takes once it is compiled. */
  stepSeconds: number;
}

/** Draws previews with the averaged weights, where there are any. */
export interface Previewer extends Disposable {
  draw(): Promise<Preview>;
}

/**
 * Makes what draws a training's previews; it is compiled once, with the first.
 *
 * @param sampling how, and how many
 */
export function previewer(
  { engine, spec, state, signal }: PreviewRequest,
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
      return { pixels: toPixels(images), stepSeconds: middleGap(reachedMs) / 1000 };
    },
    [Symbol.dispose]() {
      sampler?.dispose();
      sampler = null;
    },
  };
}

/** The time between two steps that half of them take less than: the first is compiled. */
function middleGap(times: readonly number[]): number {
  const gaps = times.slice(1).map((ms, i) => ms - (times[i] ?? ms)).sort((a, b) => a - b);
  return gaps[gaps.length >> 1] ?? 0;
}

/** Previews as uint8 [previews, count, size, size, channels]; null where there are none. */
export function previewTensor(
  previews: readonly Uint8Array[],
  { imageSize, channels }: ResolvedSpec,
): TensorData | null {
  const [first] = previews;
  if (first === undefined) return null;
  const each = first.length;
  const data = new Uint8Array(each * previews.length);
  previews.forEach((preview, i) => data.set(preview, i * each));
  return {
    dtype: "U8",
    shape: [previews.length, previewCount, imageSize, imageSize, channels],
    data,
  };
}

/** The previews in a tensor of {@link previewTensor}. */
export function previewsOf(tensor: TensorData | null): Uint8Array[] {
  const count = tensor?.shape[0];
  if (!tensor || !count) return [];
  const data = tensor.data as Uint8Array; // A checkpoint's previews are bytes.
  const each = data.length / count;
  return Array.from({ length: count }, (_, i) => data.slice(i * each, (i + 1) * each));
}
