/**
 * Decoded datasets on disk: one flat file per dataset and size. The second start then takes a
 * fraction of a second, and no more memory than the images themselves. The files are safetensors,
 * which other tools can open.
 *
 * The key of a file covers what the images are made from (names, sizes and modification times of
 * the files) and how. A cached file is used only if its content still has the data digest recorded
 * in it; otherwise it is rebuilt.
 */
import { join } from "@std/path";
import { z } from "zod";
import { readTensorFile, type TensorData, writeTensors } from "../formats/safetensors.ts";
import { sha256 } from "../formats/sha256.ts";
import { cacheFolder, makeCacheFolder } from "./cache_folder.ts";
import { maxClasses } from "./class_names.ts";
import { dataDigest, type Dataset } from "./dataset.ts";
import type { Target } from "./prepare.ts";
import type { LabelChoice } from "./source.ts";

/** Raise it when the same files give different pixels, labels or notes than before. */
const cacheVersion = 3;

/** The metadata of a cache file, next to images and labels. */
const aboutSchema = z.strictObject({
  source: z.string(),
  classNames: z.array(z.string()).max(maxClasses).nullable(),
  digest: z.string(),
  skipped: z.array(z.string()),
  notes: z.array(z.string()),
});

/** The key of a dataset: what it is made from, and how. */
export function cacheKey(
  name: string,
  identity: string,
  target: Target,
  limit: number | null,
  labels: LabelChoice | undefined,
): string {
  const { imageSize, channels, fit } = target;
  const choice = labels ?? null;
  return sha256(
    JSON.stringify([cacheVersion, name, identity, imageSize, channels, fit, limit, choice]),
  );
}

/** The path of a dataset's cache. */
export function cachePath(
  dataRoot: string,
  name: string,
  { imageSize, channels }: Target,
  key: string,
): string {
  return join(
    cacheFolder(dataRoot),
    `${name}-${imageSize}x${imageSize}x${channels}-${key.slice(0, 16)}.safetensors`,
  );
}

/** Whether every label is a class, or there are neither labels nor classes. */
function labelsFit(labels: Uint8Array | null, count: number, classes: number | null): boolean {
  if (labels === null || classes === null) return labels === null && classes === null;
  return labels.length === count && labels.every((label) => label < classes);
}

/** The cached dataset for a key, or null if there is no intact one. */
export async function readCache(
  path: string,
  name: string,
  target: Target,
  key: string,
): Promise<Dataset | null> {
  try {
    const { tensors, metadata: { about = "", check } } = await readTensorFile(path);
    const images = tensors.get("images");
    const labels = tensors.get("labels")?.data ?? null;
    if (check !== sha256(key, about) || !(images?.data instanceof Uint8Array)) return null;
    if (labels && !(labels instanceof Uint8Array)) return null;
    const { source, classNames, digest, skipped, notes } = aboutSchema.parse(JSON.parse(about));
    const count = images.shape[0] ?? 0;
    const { imageSize, channels } = target;
    if (`${images.shape}` !== `${[count, imageSize, imageSize, channels]}`) return null;
    const classes = classNames?.length ?? null;
    if (!labelsFit(labels, count, classes)) return null;
    // The digest is computed from the images just read; comparing it shows whether they are those
    // that were written.
    if (dataDigest(images.data, labels) !== digest) return null;
    return {
      name,
      source,
      images: images.data,
      labels,
      count,
      imageSize,
      channels,
      classes,
      classNames,
      digest,
      skipped,
      notes,
    };
  } catch {
    // Missing, damaged or unreadable: in each case the dataset is rebuilt.
    return null;
  }
}

/**
 * Writes the cache of a dataset. If the disk is full or read-only, the next start just takes
 * longer.
 */
export async function writeCache(
  dataRoot: string,
  path: string,
  dataset: Dataset,
  key: string,
): Promise<void> {
  const { images, labels, count, imageSize, channels, classNames, skipped, digest, source, notes } =
    dataset;
  const tensors = new Map<string, TensorData>([
    ["images", { dtype: "U8", shape: [count, imageSize, imageSize, channels], data: images }],
  ]);
  if (labels) tensors.set("labels", { dtype: "U8", shape: [count], data: labels });
  const about = JSON.stringify({ source, classNames, digest, skipped, notes });
  try {
    makeCacheFolder(dataRoot);
    await writeTensors(path, tensors, { about, check: sha256(key, about) });
  } catch {
    // See above.
  }
}
