/** A dataset in memory, which training and evaluation read, and how to make batches from it. */
import { counted } from "../messages/counted.ts";
import { sha256 } from "../formats/sha256.ts";

/** Images and labels, ready to train on. */
export interface Dataset {
  /** The dataset's name in the spec. */
  name: string;
  /** What it is and where it came from, in plain words. */
  source: string;
  /** count * imageSize * imageSize * channels bytes; rows of pixels, channels last. */
  images: Uint8Array;
  /** The class of each image, or null without classes. */
  labels: Uint8Array | null;
  /** The number of images. */
  count: number;
  /** Pixels per side. */
  imageSize: number;
  /** Grey or RGB. */
  channels: 1 | 3;
  /** The number of classes, or null. */
  classes: number | null;
  /** The class names by label, or null. */
  classNames: string[] | null;
  /** The data digest: SHA-256 over the pixels and then the labels. */
  digest: string;
  /** Images that could not be read and were skipped, with the user's permission. */
  skipped: string[];
  /**
   * One line for each thing that was found but not used, and for each decision in an ambiguous
   * case.
   */
  notes: string[];
}

/** One line for people: how many images of what, and how many were left out. */
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
 * The data digest: SHA-256 over the decoded, resized pixels and then the labels, one byte each, in
 * order.
 */
export function dataDigest(images: Uint8Array, labels: Uint8Array | null): string {
  return labels ? sha256(images, labels) : sha256(images);
}

/**
 * Writes images as a batch of floats in [-1, 1]: byte / 127.5 - 1.
 *
 * @param indices of the images, each in 0 ... count - 1
 * @param out indices.length * imageSize * imageSize * channels floats: N, H, W, C
 * @param mirrored one number per index; if it is not 0, left and right are swapped
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
