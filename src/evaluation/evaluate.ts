/**
 * Scores a set of images against a reference: chooses the network, computes the distances with
 * their standard errors, and collects what a reader must know about them.
 */
import { counted } from "../messages/counted.ts";
import type { Dataset } from "../datasets/mod.ts";
import type { Engine } from "../engines/engine.ts";
import { UserError } from "../messages/errors.ts";
import { nextTask } from "../engines/next_task.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { datasetClassifier, type Reference, referenceFeatures } from "./cache.ts";
import { classifierExtractor } from "./classifier.ts";
import {
  type Extracted,
  extractFeatures,
  type FeatureExtractor,
  imagesInMemory,
  type ImageSource,
} from "./extract.ts";
import { featureStatistics, rowCount } from "./features.ts";
import {
  defaultReplicates,
  frechetDistanceOfStatistics,
  frechetStandardErrorSteps,
} from "./frechet.ts";
import {
  findInceptionWeights,
  type FindWeightsOptions,
  inceptionExtractor,
} from "./inception_weights.ts";
import { type Progress, silentProgress } from "../messages/progress.ts";
import { inceptionScore, maxSplits } from "./inception_score.ts";
import { kernelDistanceOnEngine } from "./kernel_on_engine.ts";
import type { Evaluation, Metric, Score } from "./schema.ts";

export type { Evaluation, Metric, Score } from "./schema.ts";

/** Receives the progress of an evaluation. */
export type EvaluationProgress = Pick<Progress, "phase" | "update" | "message">;

/** A feature extractor, its description in the result, and notes about it. */
export interface ChosenExtractor {
  extractor: FeatureExtractor;
  about: NonNullable<Evaluation["extractor"]>;
  notes: string[];
}

/** Options of {@link chooseExtractor}. */
export interface ChooseOptions {
  dataRoot?: string | undefined;
  progress?: EvaluationProgress | undefined;
  /** Where to look for the Inception weights. */
  weights?: FindWeightsOptions;
}

/**
 * Inception if its weights are available, otherwise a classifier of the dataset.
 *
 * @param dataset for training a classifier; null if there is none
 * @returns null if neither is possible
 */
export async function chooseExtractor(
  engine: Engine,
  dataset: Dataset | null,
  options: ChooseOptions = {},
): Promise<ChosenExtractor | null> {
  const { dataRoot = "data", progress = silentProgress } = options;
  const weights = await findInceptionWeights({
    dataRoot,
    onMessage: progress.message,
    ...options.weights,
  });
  if (weights) {
    const { digest, published } = weights;
    const notes = published ? [] : [
      `The Inception weights (SHA-256 ${digest}) are not the published ones: these scores compare with no others.`,
    ];
    return {
      extractor: inceptionExtractor(engine, weights),
      about: { name: "inception", digest },
      notes,
    };
  }
  if (!dataset?.labels || !dataset.classes) return null;
  let started = false;
  const classifier = await datasetClassifier(engine, dataset, dataRoot, (done, all) => {
    if (!started) progress.phase("training a classifier", all, "steps");
    started = true;
    progress.update(done);
  });
  const { digest, testAccuracy, testCount } = classifier;
  return {
    extractor: classifierExtractor(engine, classifier, dataset),
    about: { name: "classifier", digest, testAccuracy, testCount },
    notes: [
      `The Inception weights were not in reach: a classifier of ${dataset.name} took their place ` +
      `(${(testAccuracy * 100).toFixed(2)} % right of ${testCount} images it never saw; weights ${
        digest.slice(0, 12)
      }). ` +
      "Its scores compare only with scores by the same classifier, never with FID, KID and IS.",
    ],
  };
}

/** Options of {@link evaluateSamples}. */
export interface EvaluateSamplesRequest {
  engine: Engine;
  /** The generated images: bytes N, H, W, C. */
  samples: {
    images: Uint8Array;
    count: number;
    imageSize: number;
    channels: 1 | 3;
    digest: string;
  };
  /** The training images. */
  dataset: Dataset;
  evaluation: ResolvedSpec["evaluation"];
  seed: number;
  /** The folder of weights and caches; default `data`. */
  dataRoot?: string | undefined;
  progress?: EvaluationProgress | undefined;
  weights?: FindWeightsOptions;
}

/** Scores generated images against the images that the network was trained on. */
export async function evaluateSamples(request: EvaluateSamplesRequest): Promise<Evaluation> {
  const { engine, samples, dataset, evaluation, seed, dataRoot, progress } = request;
  const generated = imagesInMemory({ name: "samples", ...samples });
  const reference = imagesInMemory(dataset);
  const nothing = (note: string): Evaluation => ({
    scores: [],
    extractor: null,
    generated: { count: generated.count, digest: generated.digest },
    reference: { name: dataset.name, count: dataset.count, digest: dataset.digest },
    notes: [note],
  });
  if (evaluation.metrics.length === 0) return nothing("The spec asks for no metrics.");
  if (samples.count < 2 || dataset.count < 2) {
    return nothing("Scores need at least two images on each side.");
  }
  const weights = request.weights ?? {};
  const chosen = await chooseExtractor(engine, dataset, { dataRoot, progress, weights });
  if (!chosen) {
    return nothing(
      "Nothing was scored: the Inception weights were not in reach, and no labels to train a classifier.",
    );
  }
  return await score(chosen, generated, reference, { ...evaluation, seed }, { dataRoot, progress });
}

/**
 * Scores one set of images against another. The reference's features are cached under `dataRoot`.
 * The extractor is disposed of as soon as it has seen all images, because the scores need the
 * memory.
 */
export async function score(
  { extractor, about, notes }: ChosenExtractor,
  generated: ImageSource,
  reference: ImageSource,
  options: ResolvedSpec["evaluation"] & { seed: number },
  { dataRoot = "data", progress = silentProgress }: Pick<ChooseOptions, "dataRoot" | "progress"> =
    {},
): Promise<Evaluation> {
  const smaller = Math.min(generated.count, reference.count);
  if (smaller < 2) {
    throw new UserError(
      `${generated.name}, ${reference.name}: scores need at least two images of each`,
    );
  }
  const all = [...notes, ...warnings(about.name, generated, reference, options)];
  let known: Reference;
  let seen: Extracted;
  try {
    progress.phase("features of the reference", reference.count, "images");
    known = await referenceFeatures(extractor, reference, dataRoot, progress.update);
    progress.phase("features of the samples", generated.count, "images");
    seen = await extractFeatures(extractor, generated, progress.update);
  } finally {
    extractor.dispose();
  }
  const scores: Score[] = [];
  for (const metric of options.metrics) {
    const found = await computeScore(metric, seen, known, { ...options, progress });
    scores.push({ ...found, metric: `${extractor.prefix}${metric}` });
  }
  return {
    scores,
    extractor: about,
    generated: { count: generated.count, digest: generated.digest },
    reference: { name: reference.name, count: reference.count, digest: reference.digest },
    notes: all,
  };
}

/** Computes a score, without its name. */
async function computeScore(
  metric: Metric,
  seen: Extracted,
  known: Reference,
  options: ResolvedSpec["evaluation"] & { seed: number; progress: EvaluationProgress },
): Promise<Omit<Score, "metric">> {
  const { seed, kidSubsets: subsets, kidSubsetSize: subsetSize, isSplits, progress } = options;
  const { features, logits } = seen;
  switch (metric) {
    case "fid": {
      progress.phase("Frechet distance and its error", defaultReplicates + 1, "steps");
      const value = frechetDistanceOfStatistics(featureStatistics(features), known.statistics);
      const steps = frechetStandardErrorSteps(features, known.statistics, { seed });
      let step = steps.next();
      for (; !step.done; step = steps.next()) {
        progress.update(step.value + 1);
        await nextTask();
      }
      return { value, standardError: numberOrNull(step.value), better: "lower" };
    }
    case "kid": {
      const found = await kernelDistanceOnEngine(
        features,
        await known.features(),
        { subsets, subsetSize, seed },
        progress,
      );
      const { mean, standardDeviation, standardError, allRows } = found;
      return {
        value: mean,
        standardError: numberOrNull(standardError),
        better: "lower",
        standardDeviation,
        subsets: found.subsets,
        subsetSize: found.subsetSize,
        allRows,
      };
    }
    case "is": {
      progress.phase("inception score", 1, "steps");
      const splits = maxSplits(rowCount(logits), isSplits);
      const { mean, standardDeviation, standardError } = inceptionScore(logits, { splits, seed });
      progress.update(1);
      return {
        value: mean,
        standardError: numberOrNull(standardError),
        better: "higher",
        standardDeviation,
        splits,
      };
    }
    default:
      return metric satisfies never;
  }
}

const numberOrNull = (value: number) => Number.isFinite(value) ? value : null;

/**
 * A warning for the screen about scores of very few images; null if there are enough. It is not one
 * of the evaluation's notes, which are part of a bundle's payload.
 */
export function fewImagesWarning(generated: number, reference: number): string | null {
  const fewest = Math.min(generated, reference);
  if (fewest >= 100) return null;
  return `warning: scores of ${counted(fewest, "image")} are mostly noise; ` +
    "to compare models, use about 2,000 images on each side";
}

/** What a reader must know about the scores of these sets. */
function warnings(
  network: "inception" | "classifier",
  generated: ImageSource,
  reference: ImageSource,
  { metrics, kidSubsetSize, isSplits }: ResolvedSpec["evaluation"],
): string[] {
  const notes: string[] = [];
  const fewest = Math.min(generated.count, reference.count);
  const grey = [generated, reference].filter((set) => set.read(0).channels === 1);
  if (network === "inception" && grey.length > 0) {
    notes.push(
      "Grey images were repeated to three channels: Inception's scores of such images are not established.",
    );
  }
  if (network === "inception" && metrics.includes("fid") && fewest <= 2048) {
    notes.push(
      `FID of ${fewest} images: up to 2,048 the covariance lacks full rank and FID comes out too high; compare it ` +
        "only with FID of as many images.",
    );
  }
  if (metrics.includes("kid") && fewest < kidSubsetSize) {
    notes.push(
      `KID's subsets hold ${fewest} images instead of ${kidSubsetSize}: one of the sets has no more.`,
    );
  }
  const splits = maxSplits(generated.count, isSplits);
  if (metrics.includes("is") && splits < isSplits) {
    const error = splits === 1 ? ", and one split tells no standard error" : "";
    notes.push(
      `IS is over ${
        counted(splits, "split")
      } instead of ${isSplits}: a split needs at least two images${error}.`,
    );
  }
  return notes;
}
