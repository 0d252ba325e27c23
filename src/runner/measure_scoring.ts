/** Measuring what scoring would take, where the Inception weights are at hand. */
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
 * Seconds in which a run's scoring would look at its images, those of the dataset among them unless
 * they were looked at before.
 *
 * @returns 0 where the spec asks for no scores; null where the weights are not here: they would be
 *   fetched, or a classifier trained
 */
export async function secondsOfScoring(
  engine: Engine,
  { spec, dataset, images: drawn }: Pick<Prepared, "spec" | "dataset"> & {
    /** Images that are drawn and scored. */
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
  const isKnown = await hasReferenceFeatures(extractor, reference, dataRoot);
  const images = drawn + (isKnown ? 0 : dataset.count);
  return images * await secondsAnImage(extractor, reference);
}

/** Seconds that an extractor takes for an image of a whole batch, once it is compiled. */
export async function secondsAnImage(
  extractor: FeatureExtractor,
  source: ImageSource,
): Promise<number> {
  const batch = { ...source, count: Math.min(source.count, extractor.batchSize) };
  await extractFeatures(extractor, batch); // Compiles.
  const startMs = performance.now();
  await extractFeatures(extractor, batch);
  // A short batch is filled up, and takes as long as a whole one.
  return (performance.now() - startMs) / 1000 / extractor.batchSize;
}
