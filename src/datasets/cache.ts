/**
 * Decoded datasets on the disk: one flat file a dataset and size, so that the second start takes a
 * fraction of a second and no more memory than the images themselves. A safetensors file, which
 * other tools open too.
 *
 * A file is found by a key over what the images are made of (the files' names, sizes and times of
 * change) and how. It is only believed when its content has the data digest that it was written
 * with; else it is made anew.
 */
import { join } from "@std/path";
import { readTensorFile, type TensorData, writeTensors } from "../formats/safetensors.ts";
import { sha256 } from "../formats/sha256.ts";
import { dataDigest, type Dataset } from "./dataset.ts";
import type { Target } from "./prepare.ts";

/** Goes up when the same files give other pixels than before. */
const cacheVersion = 1;

/** The key of a dataset: what it is made of and how. */
export function cacheKey(
  name: string,
  identity: string,
  target: Target,
  limit: number | null,
): string {
  const { imageSize, channels, fit } = target;
  return sha256(JSON.stringify([cacheVersion, name, identity, imageSize, channels, fit, limit]));
}

/** Where a dataset is cached. */
export function cachePath(
  dataRoot: string,
  name: string,
  { imageSize, channels }: Target,
  key: string,
): string {
  return join(
    dataRoot,
    ".cache",
    `${name}-${imageSize}x${imageSize}x${channels}-${key.slice(0, 16)}.safetensors`,
  );
}

/** The cached dataset of a key, or null where there is none that is whole. */
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
    const described = JSON.parse(about) as Pick<
      Dataset,
      "source" | "classNames" | "digest" | "skipped"
    >;
    const count = images.shape[0] ?? 0;
    const { imageSize, channels } = target;
    if (`${images.shape}` !== `${[count, imageSize, imageSize, channels]}`) return null;
    if (labels && labels.length !== count) return null;
    if (dataDigest(images.data, labels) !== described.digest) return null;
    const classes = described.classNames?.length ?? null;
    return { name, images: images.data, labels, count, imageSize, channels, classes, ...described };
  } catch {
    // Missing, damaged or not readable: all mean the same, the dataset is made anew.
    return null;
  }
}

/**
 * Writes a dataset's cache. A disk that is full or may not be written to costs time at the next
 * start and no more.
 */
export async function writeCache(path: string, dataset: Dataset, key: string): Promise<void> {
  const { images, labels, count, imageSize, channels, classNames, skipped, digest, source } =
    dataset;
  const tensors = new Map<string, TensorData>([
    ["images", { dtype: "U8", shape: [count, imageSize, imageSize, channels], data: images }],
  ]);
  if (labels) tensors.set("labels", { dtype: "U8", shape: [count], data: labels });
  const about = JSON.stringify({ source, classNames, digest, skipped });
  try {
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await writeTensors(path, tensors, { about, check: sha256(key, about) });
  } catch {
    // As said above.
  }
}
