/**
 * MNIST's own files: each file of images has a file of labels, named with `labels-idx1` instead of
 * `images-idx3`. They are found wherever unpacking tools put them: compressed and plain, with dots
 * and dashes, in folders of their own names.
 */
import { UserError } from "../messages/errors.ts";
import { gunzip, isGzip } from "../formats/gzip.ts";
import { decodeIdx } from "../formats/idx.ts";
import { readInput } from "../formats/input.ts";
import { numberNames } from "./class_names.ts";
import { sameContent } from "./copies.ts";
import type { DataFile } from "./files.ts";
import { firstNames, notUsed, pathSetting } from "./notes.ts";
import type { Sample, Source } from "./source.ts";
import { orderNote, splitOf, splitOfPath } from "./splits.ts";

/** One file of images, decoded. */
interface Part {
  name: string;
  count: number;
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array;
  labels: Uint8Array | null;
}

/**
 * Anything smaller per side is not an image; with such sizes small files would expand to sets of
 * any size.
 */
export const minPixels = 8;

const lastOf = (name: string) => name.slice(name.lastIndexOf("/") + 1);
const parentOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf("/")));
const isCompressed = ({ name }: DataFile) => /\.gz$/i.test(name);

/** The words of a file's name that identify it, without those of its format. */
function wordsOf(name: string): string[] {
  const words = lastOf(name).toLowerCase().split(/[-_. ]+/);
  return words.filter((word) => !/^(gz|idx\d?|ubyte|byte|int|)$/.test(word));
}

/**
 * What a file of images and its file of labels have in common, such as `train` or
 * `emnist-letters-test`.
 */
function keyOf({ name }: DataFile): string {
  return wordsOf(name).filter((word) => !/^(images?|labels?)$/.test(word)).join("-");
}

/** The name of the set that a file belongs to, without its split. */
function setOf(file: DataFile): string {
  return keyOf(file).split("-").filter((word) => !splitOf(word)).join("-");
}

/** Whether an IDX file contains labels, judged by its name. */
export function containsLabels({ name }: DataFile): boolean {
  return wordsOf(name).some((word) => /^labels?$/.test(word));
}

async function readIdx(path: string) {
  const bytes = await readInput(path);
  return decodeIdx(isGzip(bytes) ? await gunzip(bytes, path) : bytes, path);
}

async function sameIdx(a: DataFile, b: DataFile): Promise<boolean> {
  if (isCompressed(a) === isCompressed(b)) return sameContent(a, b);
  const [left, right] = [await readIdx(a.path), await readIdx(b.path)];
  return `${left.shape}` === `${right.shape}` &&
    left.data.every((byte, i) => byte === right.data[i]);
}

/**
 * One file for each key: the first of several copies, plain before compressed.
 *
 * @throws UserError if files of one key differ, which means that there are two datasets
 */
async function withoutCopies(files: readonly DataFile[], notes: string[]): Promise<DataFile[]> {
  const chosen = new Map<string, DataFile>();
  const copies: string[] = [];
  for (const file of files.toSorted((a, b) => Number(isCompressed(a)) - Number(isCompressed(b)))) {
    const first = chosen.get(keyOf(file));
    if (!first) chosen.set(keyOf(file), file);
    else if (await sameIdx(first, file)) copies.push(file.name);
    else {
      throw new UserError(
        `${first.name} and ${file.name} belong to two datasets. Give the folder of one ` +
          `(${pathSetting})`,
      );
    }
  }
  if (copies.length) notes.push(notUsed(copies, "copies of files that are used"));
  return files.filter((file) => chosen.get(keyOf(file)) === file);
}

/**
 * The labels for a file of images: from its own folder, else from a sibling folder, else from
 * anywhere.
 */
function labelsFor(images: DataFile, labels: readonly DataFile[]): DataFile | undefined {
  const alike = labels.filter((file) => keyOf(file) === keyOf(images));
  const near = ({ name }: DataFile) =>
    parentOf(name) === parentOf(images.name)
      ? 0
      : parentOf(parentOf(name)) === parentOf(parentOf(images.name))
      ? 1
      : 2;
  return alike.toSorted((a, b) =>
    near(a) - near(b) || Number(isCompressed(a)) - Number(isCompressed(b))
  )[0];
}

async function readPart(images: DataFile, labelFile: DataFile | undefined): Promise<Part> {
  const { path, name } = images;
  const { shape: [count, height, width, depth = 1], data } = await readIdx(path);
  if (!count || !height || !width || (depth !== 1 && depth !== 3)) {
    throw new UserError(`${path}: this IDX file contains no images`);
  }
  if (width < minPixels || height < minPixels) {
    throw new UserError(
      `${path}: its images have ${width}x${height} pixels; the minimum is ` +
        `${minPixels}x${minPixels}`,
    );
  }
  const labels = labelFile ? await readIdx(labelFile.path) : null;
  if (labels && `${labels.shape}` !== `${count}`) {
    throw new UserError(
      `${labelFile?.path}: ${labels.data.length} labels for the ${count} images of ${path}`,
    );
  }
  return { name, count, height, width, channels: depth, data, labels: labels?.data ?? null };
}

function* samplesOf(parts: readonly Part[]): Generator<Sample> {
  for (const { name, count, height, width, channels, data, labels } of parts) {
    const stride = height * width * channels;
    for (let i = 0; i < count; i++) {
      const read = () => ({
        width,
        height,
        channels,
        data: data.subarray(i * stride, (i + 1) * stride),
      });
      yield { name: `${name}, image ${i}`, label: labels?.[i] ?? null, read };
    }
  }
}

function refuseSeveralSets(files: readonly DataFile[]): void {
  const sets = [...new Set(files.map(setOf))];
  if (sets.length < 2) return;
  throw new UserError(
    `${sets.length} datasets in one folder: ${firstNames(sets.map((set) => set || "MNIST"))}. ` +
      `Move the files of one into a folder of their own, and give this folder (${pathSetting})`,
  );
}

/** Drops files without labels if others have labels, and adds a note. */
function labelledOnly(parts: readonly Part[], notes: string[]): Part[] {
  const labelled = parts.filter(({ labels }) => labels);
  if (labelled.length === 0 || labelled.length === parts.length) return [...parts];
  const others = parts.filter(({ labels }) => !labels).map(({ name }) => name);
  notes.push(notUsed(others, "their files of labels are missing, unlike those of others"));
  return labelled;
}

/**
 * A source of IDX files.
 *
 * @param files of images, in the order to read them
 * @param labels files of labels
 * @throws UserError if several datasets are mixed, or a file is damaged
 */
export async function idxSource(
  files: readonly DataFile[],
  labels: readonly DataFile[],
  dataset: string,
): Promise<Source> {
  const notes: string[] = [];
  refuseSeveralSets(files);
  const images = await withoutCopies(files, notes);
  const used = images.map((file) => labelsFor(file, labels));
  const read: Part[] = [];
  for (const [i, file] of images.entries()) read.push(await readPart(file, used[i]));
  const parts = labelledOnly(read, notes);
  const keys = new Set(images.map(keyOf));
  const unpaired = labels.filter((file) => !keys.has(keyOf(file)));
  if (unpaired.length) {
    notes.push(notUsed(unpaired.map(({ name }) => name), "labels without their images"));
  }
  if (images.some(({ name }) => /emnist/i.test(name))) {
    notes.push("EMNIST's images are on their side, as published; they are not rotated");
  }
  const order = orderNote(
    parts.map(({ name, count }) => ({ split: splitOfPath(name), count })),
    dataset === "cifar-10",
  );
  if (order) notes.push(order);
  let maxLabel = -1;
  for (const { labels } of parts) {
    for (const label of labels ?? []) maxLabel = Math.max(maxLabel, label);
  }
  return {
    description: `IDX files ${parts.map(({ name }) => name).join(", ")}`,
    classNames: parts.every(({ labels }) => labels) ? numberNames(dataset, maxLabel) : null,
    count: parts.reduce((sum, { count }) => sum + count, 0),
    samples: samplesOf(parts),
    notes,
    numbers: true,
  };
}
