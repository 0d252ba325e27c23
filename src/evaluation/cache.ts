/**
 * Results that are computed once and kept under data/.cache: a dataset's features with their mean
 * and covariance, and trained classifiers. The key covers the digests of everything they come from.
 * Anything missing, damaged or with another key is recomputed.
 */
import { join } from "@std/path";
import { cacheFolder, cacheRefusal, makeCacheFolder } from "../datasets/cache_folder.ts";
import type { Dataset } from "../datasets/mod.ts";
import type { Engine } from "../engines/engine.ts";
import { UserError } from "../messages/errors.ts";
import { readTensorFile, type TensorData, writeTensors } from "../formats/safetensors.ts";
import { sha256 } from "../formats/sha256.ts";
import { freeArray } from "../formats/tensors.ts";
import { type Classifier, classifierDigest } from "./classifier.ts";
import { classifierVersion, trainClassifier } from "./train_classifier.ts";
import { extractFeatures, type FeatureExtractor, type ImageSource } from "./extract.ts";
import { type Features, type FeatureStatistics, featureStatistics } from "./features.ts";

/** Raise this if the same images and weights give different features. */
const featureVersion = 1;

/** What the distances need from a reference. */
export interface Reference {
  statistics: FeatureStatistics;
  /**
   * Reads the features from the cache. They are not kept, because the network needs the memory
   * while it runs.
   */
  features(): Promise<Features>;
}

interface CacheFile {
  dataRoot: string;
  path: string;
  key: string;
}

function cacheFile(dataRoot: string, name: string, ...parts: (string | number)[]): CacheFile {
  const key = sha256(JSON.stringify(parts));
  const path = join(cacheFolder(dataRoot), `${name}-${key.slice(0, 16)}.safetensors`);
  return { dataRoot, path, key };
}

async function readCached({ dataRoot, path, key }: CacheFile) {
  // Other users could have put wrong features there.
  if (cacheRefusal(dataRoot) !== null) return null;
  try {
    const file = await readTensorFile(path);
    return file.metadata.key === key ? file : null;
  } catch {
    return null;
  }
}

async function writeCached(
  { dataRoot, path, key }: CacheFile,
  tensors: Map<string, TensorData>,
  metadata: Record<string, string> = {},
): Promise<boolean> {
  try {
    makeCacheFolder(dataRoot);
    await writeTensors(path, tensors, { ...metadata, key });
    return true;
  } catch {
    // If the disk is full or read-only, the next start just takes longer.
    return false;
  }
}

/** The file with the features of a reference set. */
function referenceFile(
  { prefix, digest, device }: FeatureExtractor,
  source: ImageSource,
  dataRoot: string,
): CacheFile {
  const parts = [featureVersion, digest, device, source.digest, source.count];
  return cacheFile(dataRoot, `${prefix}features`, ...parts);
}

/** Whether a reference set's features are in the cache. */
export async function hasReferenceFeatures(
  extractor: FeatureExtractor,
  source: ImageSource,
  dataRoot: string,
): Promise<boolean> {
  return await readCached(referenceFile(extractor, source, dataRoot)) !== null;
}

/** Features and statistics of a reference set, cached or computed. */
export async function referenceFeatures(
  extractor: FeatureExtractor,
  source: ImageSource,
  dataRoot: string,
  onProgress: (done: number) => void,
): Promise<Reference> {
  const { widths: [columns] } = extractor;
  const { count } = source;
  const file = referenceFile(extractor, source, dataRoot);
  async function cached() {
    const found = (await readCached(file))?.tensors;
    const rows = found?.get("features")?.data;
    const mean = found?.get("mean")?.data;
    const covariance = found?.get("covariance")?.data;
    if (
      rows instanceof Float32Array && mean instanceof Float64Array &&
      covariance instanceof Float64Array &&
      rows.length === count * columns && mean.length === columns &&
      covariance.length === columns * columns
    ) return { rows, mean, covariance: { values: covariance, rows: columns, columns } };
    return null;
  }
  async function cachedFeatures(): Promise<Features> {
    const found = await cached();
    if (!found) throw new UserError(`${file.path}: changed while it was in use; run again`);
    return { values: found.rows, columns };
  }
  const found = await cached();
  if (found) {
    const { rows, mean, covariance } = found;
    freeArray(rows);
    return { statistics: { mean, covariance, count }, features: cachedFeatures };
  }
  const { features } = await extractFeatures(extractor, source, onProgress, "features");
  const statistics = featureStatistics(features);
  const written = await writeCached(
    file,
    new Map<string, TensorData>([
      ["features", {
        dtype: "F32",
        shape: [count, columns],
        data: features.values,
      }],
      ["mean", { dtype: "F64", shape: [columns], data: statistics.mean }],
      ["covariance", {
        dtype: "F64",
        shape: [columns, columns],
        data: statistics.covariance.values,
      }],
    ]),
  );
  if (!written) return { statistics, features: () => Promise.resolve(features) };
  freeArray(features.values);
  return { statistics, features: cachedFeatures };
}

/** A dataset's classifier, cached or trained. */
export async function datasetClassifier(
  engine: Engine,
  dataset: Dataset,
  dataRoot: string,
  onProgress: (done: number, all: number) => void,
): Promise<Classifier> {
  // Engines differ in the last bits: if they shared one classifier, a score would depend on which
  // engine came first.
  const file = cacheFile(
    dataRoot,
    `classifier-${dataset.name}`,
    classifierVersion,
    dataset.digest,
    dataset.imageSize,
    dataset.channels,
    engine.name,
    engine.device,
  );
  const found = await readCached(file);
  if (found) {
    const { tensors, metadata } = found;
    const digest = classifierDigest(tensors);
    const testAccuracy = Number(metadata.testAccuracy);
    const testCount = Number(metadata.testCount);
    if (digest === metadata.digest) return { weights: tensors, digest, testAccuracy, testCount };
  }
  const trained = await trainClassifier(engine, dataset, onProgress);
  const { weights, digest, testAccuracy, testCount } = trained;
  await writeCached(file, weights, {
    digest,
    testAccuracy: `${testAccuracy}`,
    testCount: `${testCount}`,
  });
  return trained;
}
