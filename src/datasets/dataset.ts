/** A dataset in memory: what training and evaluation read, and how batches are made of it. */
import { counted } from "../counted.ts";
import { sha256 } from "../formats/sha256.ts";

/** Images and labels, ready to train on. */
export interface Dataset {
  /** The dataset's name in the spec. */
  name: string;
  /** Plain words: what it is and where it came from. */
  source: string;
  /** count * imageSize * imageSize * channels bytes; rows of pixels, channels last. */
  images: Uint8Array;
  /** The class of each image, or null where there are none. */
  labels: Uint8Array | null;
  /** How many images there are. */
  count: number;
  /** Pixels a side. */
  imageSize: number;
  /** Grey or RGB. */
  channels: 1 | 3;
  /** How many classes there are, or null. */
  classes: number | null;
  /** The classes' names, by label, or null. */
  classNames: string[] | null;
  /** The data digest: SHA-256 over the pixels and then the labels. */
  digest: string;
  /** Images that could not be read and were left out, as the person allowed. */
  skipped: string[];
  /**
   * What was found and is not used, and what was decided where files leave it open; a line each.
   */
  notes: string[];
}

/** How many images, of what, and how many more were left out, in one line for people. */
export function describeDataset(
  { count, source, skipped }: Pick<Dataset, "count" | "source" | "skipped">,
): string {
  const are = skipped.length === 1 ? "is" : "are";
  const left = skipped.length
    ? `; ${skipped.length.toLocaleString("en-US")} that cannot be read ${are} left out`
    : "";
  return `${counted(count, "image")}: ${source}${left}`;
}

/**
 * The data digest: SHA-256 over the decoded, resized pixels and then the labels, a byte each, in
 * order.
 */
export function dataDigest(images: Uint8Array, labels: Uint8Array | null): string {
  return labels ? sha256(images, labels) : sha256(images);
}

/**
 * Writes images as a batch of floats in [-1, 1]: byte / 127.5 - 1.
 *
 * @param indices which images, each in 0 ... count - 1
 * @param out indices.length * imageSize * imageSize * channels floats: N, H, W, C
 * @param mirrored one number an index; where it is not 0, left and right are exchanged
 */
export function fillBatch(
  { images, imageSize, channels, count }: Dataset,
  indices: ArrayLike<number>,
  out: Float32Array,
  mirrored?: ArrayLike<number>,
): void {
  const row = imageSize * channels;
  const stride = imageSize * row;
  if (out.length !== indices.length * stride) {
    throw new Error(
      `a batch of ${indices.length} images takes ${
        indices.length * stride
      } floats, not ${out.length}`,
    );
  }
  for (let n = 0; n < indices.length; n++) {
    const index = indices[n]!;
    if (!(index >= 0 && index < count)) {
      throw new Error(`there is no image ${index} among ${count}`);
    }
    const from = index * stride;
    const to = n * stride;
    if (!mirrored?.[n]) {
      for (let i = 0; i < stride; i++) out[to + i] = images[from + i]! / 127.5 - 1;
      continue;
    }
    for (let y = 0; y < imageSize; y++) {
      for (let x = 0; x < imageSize; x++) {
        const source = from + y * row + (imageSize - 1 - x) * channels;
        const target = to + y * row + x * channels;
        for (let c = 0; c < channels; c++) out[target + c] = images[source + c]! / 127.5 - 1;
      }
    }
  }
}
