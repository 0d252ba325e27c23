/** Measures how long scoring would take, if the Inception weights are here. */
import { hasReferenceFeatures } from "../evaluation/cache.ts";
import { chooseExtractor } from "../evaluation/evaluate.ts";
import {
  extractFeatures,
  type FeatureExtractor,
  imagesInMemory,
  type ImageSource,
} from "../evaluation/extract.ts";
import type { Engine } from "../engines/mod.ts";
import type { Prepared } from "./prepare.ts";

/**
 * Seconds that a run's scoring would spend on extracting features, including those of the dataset
 * unless they are cached.
 *
 * @returns 0 if the spec asks for no scores; null if the weights are not here, and the run would
 *   download them or train a classifier
 */
export async function secondsOfScoring(
  engine: Engine,
  { spec, dataset, images: drawn }: Pick<Prepared, "spec" | "dataset"> & {
    /** Number of drawn images to score. */
    images: number;
  },
  dataRoot = "data",
): Promise<number | null> {
  if (spec.evaluation.metrics.length === 0) return 0;
  const weights = { dataRoot, download: false };
  const chosen = await chooseExtractor(engine, null, { dataRoot, weights });
  if (!chosen) return null;
  const { extractor } = chosen;
  using held = new DisposableStack();
  held.defer(() => extractor.dispose());
  const reference = imagesInMemory(dataset);
  const isCached = await hasReferenceFeatures(extractor, reference, dataRoot);
  const images = drawn + (isCached ? 0 : dataset.count);
  return images * await secondsPerImage(extractor, reference);
}

/** Seconds per image that an extractor takes for a full batch, once compiled. */
export async function secondsPerImage(
  extractor: FeatureExtractor,
  source: ImageSource,
): Promise<number> {
  const batch = { ...source, count: Math.min(source.count, extractor.batchSize) };
  await extractFeatures(extractor, batch); // Compiles.
  const startMs = performance.now();
  await extractFeatures(extractor, batch);
  // A short batch is padded, and takes as long as a full one.
  return (performance.now() - startMs) / 1000 / extractor.batchSize;
}
