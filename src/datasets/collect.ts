/**
 * From a source of images to a dataset: reads and prepares each image once, and keeps only its few
 * bytes.
 */
import { UserError } from "../messages/errors.ts";
import { printable } from "../messages/printable.ts";
import { dataDigest, type Dataset } from "./dataset.ts";
import { Observations } from "./observations.ts";
import { preparePixels, type Target } from "./prepare.ts";
import type { ReadImage, Sample, Source } from "./source.ts";

/** How many bad images a message lists before it only counts them. */
const maxListed = 20;
/** After this many bad images, reading stops: the format was clearly not recognised correctly. */
const maxBad = 100_000;

/** How a source is collected. */
export interface CollectOptions {
  /** The maximum number of images, taken from the start. */
  limit: number | null;
  /** Leaves out and counts images that cannot be read, instead of throwing an error. */
  skipBad?: boolean | undefined;
  /** Called from time to time with the number of images done and in total. */
  onProgress?: ((done: number, all: number) => void) | undefined;
}

/** Images may always take this many bytes, however small their files are. */
const alwaysAllowedBytes = 1e9;
/** Beyond that, they may take this many times the size of the files. MNIST's expand 300-fold. */
const maxExpansion = 2000;

/**
 * Allocates memory for all images; the system provides it as it is written to.
 *
 * @param bytes the size of the files, which limits what they can expand to
 */
function allocate(
  name: string,
  count: number,
  stride: number,
  bytes = Infinity,
): Uint8Array<ArrayBuffer> {
  const images = `dataset ${name}: ${count.toLocaleString("en-US")} images of ${stride} bytes`;
  if (count * stride > Math.max(alwaysAllowedBytes, maxExpansion * bytes)) {
    throw new UserError(
      `${images}, in files of ${
        bytes.toLocaleString("en-US")
      } bytes: the files may be damaged or ` +
        "a decompression bomb; if not, read fewer images (data.limit)",
    );
  }
  try {
    return new Uint8Array(count * stride);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(
      `${images} do not fit into this machine's memory; read fewer images (data.limit)`,
    );
  }
}

/** A sample's image, if its label is a class. */
function readSample({ name, label, read }: Sample, classes: number | null): ReadImage {
  const image = read();
  if (label !== null && classes !== null && !(label >= 0 && label < classes)) {
    throw new UserError(`${name}: the label ${label} is not a class`);
  }
  return image;
}

function refuseBad(name: string, skipped: readonly string[], good: number): void {
  const rest = skipped.length - maxListed;
  throw new UserError(
    `dataset ${name}: ${skipped.length} of ${skipped.length + good} images cannot be read:\n` +
      skipped.slice(0, maxListed).map((line) => `  ${line}\n`).join("") +
      (rest > 0 ? `  and ${rest} more\n` : "") +
      "Repair or remove them, or skip them with --skip-bad.",
  );
}

/** Images and labels collected so far. */
interface Collected {
  images: Uint8Array<ArrayBuffer>;
  labels: Uint8Array<ArrayBuffer>;
  count: number;
  labelled: boolean;
  skipped: string[];
}

async function readAll(
  name: string,
  source: Source,
  target: Target,
  maxCount: number,
  observations: Observations,
  onProgress: CollectOptions["onProgress"],
): Promise<Collected> {
  const stride = target.imageSize ** 2 * target.channels;
  const classes = source.classNames?.length ?? null;
  const all: Collected = {
    images: allocate(name, maxCount, stride, source.bytes),
    labels: new Uint8Array(maxCount),
    count: 0,
    labelled: classes !== null,
    skipped: [],
  };
  for await (const sample of source.samples) {
    if (all.count === maxCount) break;
    const pixels = all.images.subarray(all.count * stride, (all.count + 1) * stride);
    try {
      const image = readSample(sample, classes);
      preparePixels(image, target, pixels);
      observations.add(sample.name, image, all.images, stride, all.count);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      all.skipped.push(printable(error.message, 1000));
      if (all.skipped.length === maxBad) refuseBad(name, all.skipped, all.count);
      continue;
    }
    if (sample.label === null) all.labelled = false;
    all.labels[all.count++] = sample.label ?? 0;
    if (all.count % 500 === 0) onProgress?.(all.count, maxCount);
  }
  return all;
}

/**
 * Reads a source.
 *
 * @throws UserError if there are no images, bad ones, or only black ones
 */
export async function collect(
  name: string,
  source: Source,
  target: Target,
  { limit, skipBad, onProgress }: CollectOptions,
): Promise<Dataset> {
  const maxCount = Math.min(limit ?? Infinity, source.count);
  if (maxCount === 0) {
    throw new UserError(`dataset ${name}: there are no images in ${source.description}`);
  }
  const observations = new Observations(target);
  const read = await readAll(name, source, target, maxCount, observations, onProgress);
  const { images, labels, count, labelled, skipped } = read;
  if (skipped.length && !skipBad) refuseBad(name, skipped, count);
  if (count === 0) {
    throw new UserError(`dataset ${name}: no image in ${source.description} can be read`);
  }
  onProgress?.(count, count);
  const stride = images.length / maxCount;
  // Subarrays, not copies: memory holds the images only once.
  const kept = images.subarray(0, count * stride);
  const keptLabels = labelled ? labels.subarray(0, count) : null;
  const classNames = labelled ? source.classNames : null;
  const notes = [...source.notes ?? []];
  if (limit !== null && count === limit && source.count > limit) {
    const all = source.isCountMax ? "" : ` of ${source.count.toLocaleString("en-US")}`;
    notes.push(`limit: the first ${limit.toLocaleString("en-US")}${all} images are used`);
  }
  notes.push(...observations.notes(name, { images: kept, labels: keptLabels, classNames }, source));
  return {
    name,
    source: source.description,
    images: kept,
    labels: keptLabels,
    count,
    imageSize: target.imageSize,
    channels: target.channels,
    classes: classNames?.length ?? null,
    classNames,
    digest: dataDigest(kept, keptLabels),
    skipped,
    notes,
  };
}
