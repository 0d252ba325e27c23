/**
 * Scores while training: every so many epochs a few images are drawn fast and scored, and the
 * prediction's equivariance is measured. No weight depends on them.
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
import { previewer, type PreviewRequest, previewSamplers, type Sampling } from "./previews.ts";
import type { Progress, ScoreEvent } from "../messages/progress.ts";

/** Images that are drawn, at most. */
const mostImages = 64;

/** Of the prediction's equivariance: repetitions, and images and transformations of each. */
const studied = { seeds: 4, images: 2, transformations: 1, angles: [], runs: false };

/** The measures that are told. */
const measured: readonly Measure[] = ["EQ-T", "EQ-R"];

/** A score of one moment of the training. */
interface Found {
  /** What is written down. */
  score: Pick<ScoreEvent, "metric" | "value" | "standardError"> & { of: string };
  /** Half its 95 % confidence interval, for people; null if it is unknown. */
  half: number | null;
}

/** How the images are drawn: as fast previews are, no more at once than the run's own. */
export function interimSampling(spec: ResolvedSpec): Sampling {
  const count = Math.min(mostImages, spec.sampling.count);
  const batchSize = Math.min(count, spec.sampling.batchSize);
  return { ...previewSamplers.fast(spec), count, batchSize };
}

/** What a moment of scoring costs: the network's evaluations, each of an image. */
export function interimEvaluations(spec: ResolvedSpec): number {
  const { metrics, equivariance } = spec.evaluation;
  const { count, steps } = interimSampling(spec);
  return (metrics.length > 0 ? count * steps : 0) +
    (equivariance ? studied.images * networkEvaluations({ ...studied, spec }) : 0);
}

/** Where in a training its epochs are counted. */
interface Moment {
  /** Images of the dataset. */
  count: number;
  /** Steps that are done, those of its parent among them. */
  steps: number;
  /** Where it began: steps of its parent. */
  firstStep: number;
}

/** Steps from one moment of scoring to the next; Infinity for none. */
function stepsBetween({ evaluation, training }: ResolvedSpec, count: number): number {
  const every = evaluation.everyEpochs ?? Infinity;
  return every * Math.ceil(count / training.batchSize);
}

/** Moments of scoring that there are once a training has come so far. */
export function interimScoresDue(
  spec: ResolvedSpec,
  { count, steps, firstStep }: Moment,
): number {
  const between = stepsBetween(spec, count);
  return Math.floor(steps / between) - Math.floor(firstStep / between);
}

/** The steps after which a run has been scored, by its diary. */
export function scoredSteps(diary: string, run: string): Set<number> {
  const lines = parseDiary(diary);
  const steps = new Set<number>();
  let isOwn = false;
  for (const line of lines) {
    // Runs that share a training share its diary, and may ask for other scores.
    if (line.event === "start") isOwn = line.run === run;
    else if (isOwn && line.event === "score" && line.of !== undefined) steps.add(line.step);
  }
  return steps;
}

/** What scoring while training needs. */
export interface InterimScoringOptions extends PreviewRequest {
  dataset: Dataset;
  /** Where weights and caches lie; default `data`. */
  dataRoot?: string | undefined;
  /** Where the Inception weights are looked for; others for tests. */
  weights?: FindWeightsOptions | undefined;
  /** Steps after which an earlier start has scored. */
  scored: ReadonlySet<number>;
  progress: Progress;
}

/** Scores a training on its way. */
export interface InterimScorer extends Disposable {
  /** Whether the moment after this step is to be scored now. */
  isDue(step: number, firstStep: number): boolean;
  /** Scores the state as it is, writes it down and tells it. */
  score(step: number, epoch: number): Promise<void>;
}

/** Makes what scores a training on its way; what it draws with is compiled once. */
export function createInterimScorer(options: InterimScoringOptions): InterimScorer {
  const { spec, dataset, progress, signal } = options;
  const { metrics, equivariance } = spec.evaluation;
  const between = stepsBetween(spec, dataset.count);
  const scored = new Set(options.scored);
  const drawer = previewer(options, interimSampling(spec));
  return {
    isDue: (step, firstStep) => step > firstStep && step % between === 0 && !scored.has(step),
    async score(step, epoch) {
      const isFirst = scored.size === options.scored.size;
      const found = [
        ...(metrics.length > 0 ? await sampleScores(options, drawer, isFirst) : []),
        ...(equivariance ? await predictionScores(options) : []),
      ];
      signal?.throwIfAborted();
      scored.add(step);
      for (const { score } of found) progress.record?.({ event: "score", ...score, step });
      if (found.length > 0) progress.message(`epoch ${epoch}: ${told(found)}`);
    },
    [Symbol.dispose]: () => drawer[Symbol.dispose](),
  };
}

/** Scores of images drawn fast. */
async function sampleScores(
  { engine, spec, dataset, dataRoot, weights, progress, signal }: InterimScoringOptions,
  drawer: ReturnType<typeof previewer>,
  isFirst: boolean,
): Promise<Found[]> {
  const { imageSize, channels, evaluation, seed } = spec;
  const { count, sampler, steps } = interimSampling(spec);
  const { pixels: images } = await drawer.draw();
  // The training's own phase goes on: what is looked at meanwhile only stops where it should.
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
    // What was out of reach at first is not asked for each time.
    weights: isFirst ? weights ?? {} : { ...weights, download: false },
  });
  if (scores.length === 0 && isFirst) notes.forEach((note) => progress.message(note));
  const of = `${count} images by ${sampler} in ${steps} steps`;
  return scores.map((score) => {
    const { metric, value, standardError } = score;
    return { score: { metric, value, standardError, of }, half: scoreHalf(score) };
  });
}

/** Equivariance of the prediction, in decibels: the mean over the noise levels. */
async function predictionScores(options: InterimScoringOptions): Promise<Found[]> {
  const { engine, spec, state, dataset, signal } = options;
  const { images, ...measurement } = studied;
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
  return measured.flatMap((measure) => {
    const levels = scores.filter((score) => score.measure === measure);
    const values = Array.from(
      { length: seeds },
      (_, seed) =>
        levels.reduce((sum, { decibels }) => sum + (decibels[seed] ?? NaN), 0) / levels.length,
    );
    const estimate = estimateOf(values);
    // A network that gives nothing, or too small an image to turn: nothing is told.
    if (!estimate) return [];
    const { mean: value, standardError, degrees } = estimate;
    const score = { metric: measure, value, standardError, of };
    return [{ score, half: halfInterval(standardError, degrees) }];
  });
}

/** Images of a dataset, spread evenly over it. */
function imagesOf(dataset: Dataset, count: number): Images {
  const { imageSize, channels } = dataset;
  const values = new Float32Array(count * imageSize ** 2 * channels);
  const rows = Array.from({ length: count }, (_, i) => Math.floor(i * dataset.count / count));
  fillBatch(dataset, rows, values);
  return { shape: [count, imageSize, imageSize, channels], values };
}

/** Scores in a line, those of the same things together. */
function told(found: readonly Found[]): string {
  const groups = [...Map.groupBy(found, ({ score }) => score.of)];
  return groups.map(([of, some]) => {
    const words = some.map(({ score: { metric, value }, half }) =>
      `${metric} ${value.toPrecision(5)}${half === null ? "" : ` ± ${half.toPrecision(2)}`}`
    );
    return `${words.join(", ")} (${of})`;
  }).join("; ");
}
