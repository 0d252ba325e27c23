/** Datasets in arrays and in tables of image files: NumPy's `.npz`, Hugging Face's Parquet. */
import { UserError } from "../messages/errors.ts";
import { decodeImage } from "../formats/images.ts";
import { readNpz } from "../formats/npy.ts";
import { openParquet, type ParquetImages } from "../formats/parquet.ts";
import type { TensorData } from "../formats/tensors.ts";
import { printable } from "../messages/printable.ts";
import { maxClasses, numberNames, publishedClasses } from "./class_names.ts";
import type { DataFile } from "./files.ts";
import { minPixels } from "./idx_source.ts";
import { firstNames, notUsed } from "./notes.ts";
import type { Sample, Source } from "./source.ts";
import { unusedParts } from "./unused_parts.ts";
import { orderNote, type Split, splitOf, splitOfPath, splitRank } from "./splits.ts";

/** An array of images with the array of their labels. */
interface Arrays {
  name: string;
  split: Split | null;
  count: number;
  side: { width: number; height: number; channels: 1 | 3 };
  images: TensorData;
  labels: TensorData | null;
}

/** What an array contains, judged by its name: `x_train`, `train_images`, `y_test`, `labels`. */
function roleOf(name: string): "images" | "labels" | null {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  if (words.some((word) => /^(y|labels?|targets?|classes)$/.test(word))) return "labels";
  if (words.some((word) => /^(x|images?|data|arr|imgs?)$/.test(word))) return "images";
  return null;
}

/** The words of a name without its role, such as `train` for `x_train` and `train_labels`. */
function keyOf(name: string): string {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  const role = /^(x|y|images?|imgs?|labels?|targets?|classes|data|arr|)$/;
  return words.filter((word) => !role.test(word)).join(" ");
}

/** Height, width and channels of an array of images; null if it contains no images. */
function sideOf({ dtype, shape }: TensorData): Arrays["side"] | null {
  const [, height = 0, width = 0, channels = 1] = shape;
  if (dtype !== "U8" || (shape.length !== 3 && shape.length !== 4)) return null;
  if (height < minPixels || width < minPixels || (channels !== 1 && channels !== 3)) {
    return null;
  }
  return { height, width, channels };
}

/** Labels as bytes; throws a UserError if one is not a class. */
function labelsOf(path: string, name: string, { data, shape }: TensorData, count: number) {
  const length = shape.reduce((product, each) => product * each, 1);
  if (length !== count) {
    throw new UserError(`${path}: ${length} labels in ${name} for ${count} images`);
  }
  return Uint8Array.from({ length }, (_, i) => {
    const label = Number(data[i]);
    if (Number.isInteger(label) && label >= 0 && label < maxClasses) return label;
    throw new UserError(`${path}: ${label} in ${name} is not a class (0 to 255)`);
  });
}

/** Pairs of images and labels in one archive, and notes on the other arrays. */
async function pairsIn({ path, name: file }: DataFile, notes: string[]): Promise<Arrays[]> {
  const { arrays, unread } = await readNpz(path);
  const used = new Set<string>();
  const pairs: Arrays[] = [];
  for (const [name, images] of arrays) {
    const side = roleOf(name) === "labels" ? null : sideOf(images);
    if (!side) continue;
    const candidates = [...arrays.keys()].filter((other) =>
      roleOf(other) === "labels" && keyOf(other) === keyOf(name)
    );
    if (candidates.length > 1) {
      throw new UserError(
        `${path}: the labels of ${name} may be ${candidates.join(" or ")}; save only one of them`,
      );
    }
    const [labelName] = candidates;
    const count = images.shape[0] ?? 0;
    const labels = labelName === undefined ? undefined : arrays.get(labelName);
    used.add(name);
    if (labelName !== undefined) used.add(labelName);
    pairs.push({
      name: `${file}, ${name}`,
      split: splitOf(name) ?? splitOfPath(file),
      count,
      side,
      images,
      labels: labels && labelName !== undefined
        ? { ...labels, dtype: "U8", data: labelsOf(path, labelName, labels, count) }
        : null,
    });
  }
  const all = [...arrays.keys(), ...unread.keys()];
  const unused = all.filter((name) => !used.has(name));
  if (unused.length) notes.push(`not used: arrays of ${firstNames([file])}: ${firstNames(unused)}`);
  if (pairs.length === 0) {
    throw new UserError(
      `${path}: none of its arrays (${firstNames(all)}) contains images: bytes of the shape ` +
        "count x height x width, optionally with 1 or 3 channels last",
    );
  }
  return pairs;
}

function* arraySamples(parts: readonly Arrays[]): Generator<Sample> {
  for (const { name, count, side, images, labels } of parts) {
    const stride = side.width * side.height * side.channels;
    const bytes = new Uint8Array(images.data.buffer, images.data.byteOffset, images.data.length);
    for (let i = 0; i < count; i++) {
      const data = bytes.subarray(i * stride, (i + 1) * stride);
      const label = labels === null ? null : Number(labels.data[i]);
      yield { name: `${name}[${i}]`, label, read: () => ({ ...side, data }) };
    }
  }
}

/** Drops parts without labels if others have labels, and adds a note. */
function labelledOnly<Part extends { name: string; labels: unknown }>(
  parts: readonly Part[],
  notes: string[],
): Part[] {
  const labelled = parts.filter(({ labels }) => labels !== null);
  if (labelled.length === 0 || labelled.length === parts.length) return [...parts];
  const others = parts.filter(({ labels }) => labels === null).map(({ name }) => name);
  notes.push(notUsed(others, "without labels, unlike the others"));
  return labelled;
}

/**
 * NumPy archives of bytes, as Keras stores MNIST: `x_train`, `y_train`, `x_test`, `y_test`.
 *
 * @throws UserError if there are no images, or the labels are ambiguous
 */
export async function npzSource(files: readonly DataFile[], dataset: string): Promise<Source> {
  const notes: string[] = [];
  const found: Arrays[] = [];
  for (const file of files) found.push(...await pairsIn(file, notes));
  const testFirst = dataset === "cifar-10";
  const parts = labelledOnly(found, notes)
    .sort((a, b) => splitRank(a.split, testFirst) - splitRank(b.split, testFirst));
  const order = orderNote(parts, testFirst);
  if (order) notes.push(order);
  let maxLabel = 0;
  for (const { labels } of parts) {
    for (const label of labels?.data ?? []) maxLabel = Math.max(maxLabel, Number(label));
  }
  return {
    description: `NumPy arrays ${parts.map(({ name }) => name).join("; ")}`,
    classNames: parts.every(({ labels }) => labels) ? numberNames(dataset, maxLabel) : null,
    count: parts.reduce((sum, { count }) => sum + count, 0),
    samples: arraySamples(parts),
    notes,
    numbers: true,
  };
}

interface Shard {
  name: string;
  path: string;
  split: Split | null;
  table: ParquetImages;
  /** The column of labels. */
  labels: string | null;
}

/** The column that holds the labels: the only candidate, or the one called `label`. */
function labelColumn(path: string, { labelColumns }: ParquetImages): string | null {
  const exact = labelColumns.find((name) => /^labels?$/i.test(name));
  if (exact !== undefined || labelColumns.length === 0) return exact ?? null;
  const [only, ...others] = labelColumns;
  if (only !== undefined && others.length === 0) return only;
  throw new UserError(
    `${path}: more than one column may contain the labels: ${firstNames(labelColumns)}. ` +
      "Rename the right one to `label`",
  );
}

async function* shardSamples(shards: readonly Shard[]): AsyncGenerator<Sample> {
  for (const { name, path, table, labels } of shards) {
    let row = 0;
    for await (const { image, label } of table.samples(labels)) {
      const where = `${path}, row ${row}`;
      const read = () => ({ ...decodeImage(image, where), unused: unusedParts(image) });
      yield { name: `${name}, row ${row++}`, label, read };
    }
  }
}

/** The class names that the files contain, or numbers if there are none. */
async function shardClasses(shards: readonly Shard[], dataset: string): Promise<string[]> {
  const [names] = shards.flatMap(({ table, labels }) => {
    const names = labels === null ? undefined : table.classNames.get(labels);
    return names ? [[...names]] : [];
  });
  if (names) return names.slice(0, maxClasses).map((name) => printable(name));
  if (publishedClasses[dataset]) return numberNames(dataset, 0);
  let maxLabel = 0;
  for (const { table, labels } of shards) {
    for await (const { label } of table.samples(labels)) maxLabel = Math.max(maxLabel, label ?? 0);
  }
  return numberNames(dataset, Math.min(maxLabel, maxClasses - 1));
}

/**
 * Parquet files of images, as Hugging Face stores MNIST and CIFAR-10.
 *
 * @throws UserError if a file is damaged, or its labels are ambiguous
 */
export async function parquetSource(files: readonly DataFile[], dataset: string): Promise<Source> {
  const notes: string[] = [];
  const found: Shard[] = [];
  for (const { path, name } of files) {
    const table = await openParquet(path);
    const labels = labelColumn(path, table);
    const unused = [...table.otherColumns, ...table.labelColumns.filter((each) => each !== labels)];
    if (unused.length) {
      notes.push(`not used: columns of ${firstNames([name])}: ${firstNames(unused)}`);
    }
    found.push({ path, name, split: splitOfPath(name), table, labels });
  }
  const shards = labelledOnly(found, notes);
  const testFirst = dataset === "cifar-10";
  const order = orderNote(
    shards.map(({ split, table }) => ({ split, count: table.rows })),
    testFirst,
  );
  if (order) notes.push(order);
  const labelled = shards.every(({ labels }) => labels !== null);
  return {
    description: `Parquet files ${shards.map(({ name }) => name).join(", ")}`,
    classNames: labelled ? await shardClasses(shards, dataset) : null,
    count: shards.reduce((sum, { table }) => sum + table.rows, 0),
    samples: shardSamples(shards),
    notes,
  };
}
