/**
 * Interim scores: every `evaluation.everyEpochs` epochs, a run draws a few images with a fast
 * sampler, scores them, and measures the equivariance of the prediction. They change no weight.
 */
import { fillBatch } from "../datasets/dataset.ts";
import type { Dataset } from "../datasets/mod.ts";
import { estimateOf, halfInterval } from "../evaluation/confidence.ts";
import type { Images, Measure } from "../evaluation/equivariance.ts";
import { measureEquivariance, networkEvaluations } from "../evaluation/equivariance_study.ts";
import { evaluateSamples, type EvaluationProgress } from "../evaluation/evaluate.ts";
import { scoreHalf } from "../evaluation/table.ts";
import type { FindWeightsOptions } from "../evaluation/inception_weights.ts";
import { sha256 } from "../formats/sha256.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { withAverage } from "../training/state.ts";
import { parseDiary } from "../bundle/diary.ts";
import {
  createPreviewer,
  type PreviewOptions,
  previewSamplers,
  type Sampling,
} from "./previews.ts";
import type { Progress, ScoreEvent } from "../messages/progress.ts";

/** Maximum number of images drawn at a time. */
const maxImages = 64;

/** How equivariance is measured: repetitions, and images and transformations in each. */
const study = { seeds: 4, images: 2, transformations: 1, angles: [], runs: false };

/** The measures of equivariance that are reported. */
const measures: readonly Measure[] = ["EQ-T", "EQ-R"];

/** An interim score. */
interface InterimScore {
  /** What the diary records; `of` says what was scored. */
  score: Pick<ScoreEvent, "metric" | "value" | "standardError"> & { of: string };
  /** Half its 95 % confidence interval, for messages; null if unknown. */
  half: number | null;
}

/** How the images are drawn: like fast previews, in batches no larger than the run's own. */
export function interimSampling(spec: ResolvedSpec): Sampling {
  const count = Math.min(maxImages, spec.sampling.count);
  const batchSize = Math.min(count, spec.sampling.batchSize);
  return { ...previewSamplers.fast(spec), count, batchSize };
}

/** Cost of scoring once: how many times the network evaluates an image. */
export function interimEvaluations(spec: ResolvedSpec): number {
  const { metrics, equivariance } = spec.evaluation;
  const { count, steps } = interimSampling(spec);
  return (metrics.length > 0 ? count * steps : 0) +
    (equivariance ? study.images * networkEvaluations({ ...study, spec }) : 0);
}

/** A position in a training. */
interface TrainingPosition {
  /** Number of images in the dataset. */
  count: number;
  /** Steps done, including those of the parent. */
  steps: number;
  /** Steps of the parent, at which this training began. */
  firstStep: number;
}

/** Steps between interim scores; Infinity if there are none. */
function stepsBetween({ evaluation, training }: ResolvedSpec, count: number): number {
  const every = evaluation.everyEpochs ?? Infinity;
  return every * Math.ceil(count / training.batchSize);
}

/** How many times a training has been scored when it reaches a position. */
export function interimScoresDue(
  spec: ResolvedSpec,
  { count, steps, firstStep }: TrainingPosition,
): number {
  const between = stepsBetween(spec, count);
  return Math.floor(steps / between) - Math.floor(firstStep / between);
}

/** The steps after which a run was scored, according to its diary. */
export function scoredSteps(diary: string, run: string): Set<number> {
  const lines = parseDiary(diary);
  const steps = new Set<number>();
  let isOwn = false;
  for (const line of lines) {
    // Runs that share a training share its diary, but may ask for different scores.
    if (line.event === "start") isOwn = line.run === run;
    else if (isOwn && line.event === "score" && line.of !== undefined) steps.add(line.step);
  }
  return steps;
}

/** What interim scoring needs. */
export interface InterimScoringOptions extends PreviewOptions {
  dataset: Dataset;
  /** The folder of weights and caches; default `data`. */
  dataRoot?: string | undefined;
  /** Where to look for the Inception weights; tests set it. */
  weights?: FindWeightsOptions | undefined;
  /** Steps that an earlier start has already scored. */
  scored: ReadonlySet<number>;
  progress: Progress;
}

/** Computes interim scores. */
export interface InterimScorer extends Disposable {
  /** Whether the state after this step should be scored now. */
  isDue(step: number, firstStep: number): boolean;
  /** Scores the current state, records the scores and shows them. */
  score(step: number, epoch: number): Promise<void>;
}

/** Creates the scorer of a training. It compiles its sampler once. */
export function createInterimScorer(options: InterimScoringOptions): InterimScorer {
  const { spec, dataset, progress, signal } = options;
  const { metrics, equivariance } = spec.evaluation;
  const between = stepsBetween(spec, dataset.count);
  const scored = new Set(options.scored);
  const drawer = createPreviewer(options, interimSampling(spec));
  return {
    isDue: (step, firstStep) => step > firstStep && step % between === 0 && !scored.has(step),
    async score(step, epoch) {
      const isFirst = scored.size === options.scored.size;
      const scores = [
        ...(metrics.length > 0 ? await sampleScores(options, drawer, isFirst) : []),
        ...(equivariance ? await predictionScores(options) : []),
      ];
      signal?.throwIfAborted();
      scored.add(step);
      for (const { score } of scores) progress.record?.({ event: "score", ...score, step });
      if (scores.length > 0) progress.message(`epoch ${epoch}: ${scoreText(scores)}`);
    },
    [Symbol.dispose]: () => drawer[Symbol.dispose](),
  };
}

/** Scores images drawn with the fast sampler. */
async function sampleScores(
  { engine, spec, dataset, dataRoot, weights, progress, signal }: InterimScoringOptions,
  drawer: ReturnType<typeof createPreviewer>,
  isFirst: boolean,
): Promise<InterimScore[]> {
  const { imageSize, channels, evaluation, seed } = spec;
  const { count, sampler, steps } = interimSampling(spec);
  const { pixels: images } = await drawer.draw();
  // The training phase stays on display; scoring only checks whether it should stop.
  const quiet: EvaluationProgress = {
    phase: () => signal?.throwIfAborted(),
    update: () => signal?.throwIfAborted(),
    message: (text) => void (isFirst && progress.message(text)),
  };
  const { scores, notes } = await evaluateSamples({
    engine,
    samples: { images, count, imageSize, channels, digest: sha256(images) },
    dataset,
    evaluation,
    seed,
    dataRoot,
    progress: quiet,
    // Weights that could not be downloaded the first time are not requested again.
    weights: isFirst ? weights ?? {} : { ...weights, download: false },
  });
  if (scores.length === 0 && isFirst) notes.forEach((note) => progress.message(note));
  const of = `${count} images by ${sampler} in ${steps} steps`;
  return scores.map((score) => {
    const { metric, value, standardError } = score;
    return { score: { metric, value, standardError, of }, half: scoreHalf(score) };
  });
}

/** Measures the equivariance of the prediction in decibels, averaged over the noise levels. */
async function predictionScores(options: InterimScoringOptions): Promise<InterimScore[]> {
  const { engine, spec, state, dataset, signal } = options;
  const { images, ...measurement } = study;
  const { seeds } = measurement;
  const scores = await withAverage(state, () =>
    measureEquivariance({
      engine,
      predict: state.unet.apply,
      spec,
      images: imagesOf(dataset, seeds * images),
      ...measurement,
      signal,
    }));
  const of = `the prediction on ${
    seeds * images
  } images of the data, in dB, mean of the noise levels`;
  return measures.flatMap((measure) => {
    const levels = scores.filter((score) => score.measure === measure);
    const values = Array.from(
      { length: seeds },
      (_, seed) =>
        levels.reduce((sum, { decibels }) => sum + (decibels[seed] ?? NaN), 0) / levels.length,
    );
    const estimate = estimateOf(values);
    // The network predicts zeros, or the image is too small to rotate: there is no score.
    if (!estimate) return [];
    const { mean: value, standardError, degrees } = estimate;
    const score = { metric: measure, value, standardError, of };
    return [{ score, half: halfInterval(standardError, degrees) }];
  });
}

/** Images spread evenly over a dataset. */
function imagesOf(dataset: Dataset, count: number): Images {
  const { imageSize, channels } = dataset;
  const values = new Float32Array(count * imageSize ** 2 * channels);
  const rows = Array.from({ length: count }, (_, i) => Math.floor(i * dataset.count / count));
  fillBatch(dataset, rows, values);
  return { shape: [count, imageSize, imageSize, channels], values };
}

/** Formats scores as one line, grouped by what they are of. */
function scoreText(interimScores: readonly InterimScore[]): string {
  const groups = [...Map.groupBy(interimScores, ({ score }) => score.of)];
  return groups.map(([of, scores]) => {
    const words = scores.map(({ score: { metric, value }, half }) =>
      `${metric} ${value.toPrecision(5)}${half === null ? "" : ` ± ${half.toPrecision(2)}`}`
    );
    return `${words.join(", ")} (${of})`;
  }).join("; ");
}
