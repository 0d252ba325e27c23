/**
 * From images to features: what a feature extractor is, where images come from, and the loop that
 * takes them through in batches, so that a folder of any size needs the memory of one batch and its
 * features.
 */
import * as tf from "@tensorflow/tfjs";
import type { JitFunction } from "../engines/engine.ts";
import type { Image } from "../formats/image.ts";
import { freeArray } from "../formats/tensors.ts";
import type { Features } from "./features.ts";

/** Images in order, read one at a time. */
export interface ImageSource {
  /** For people: a dataset's name or a folder's. */
  name: string;
  /** What changes whenever an image does. */
  digest: string;
  count: number;
  /** Image `index`, 0 ... count - 1. */
  read(index: number): Image;
}

/** A network that says what it sees in images. */
export interface FeatureExtractor {
  /** The prefix of its scores' names: none for Inception, whose scores are the established ones. */
  prefix: "" | "classifier-";
  /** SHA-256 of its weights. */
  digest: string;
  /** What goes into a cache's key beside the digest: engines differ in the last bits. */
  device: string;
  /** Features and logits of each image. */
  widths: [features: number, logits: number];
  /** Images that it takes at a time. */
  batchSize: number;
  /**
   * An image as it is fed: `channels` must be `channels` of this extractor, of any size it takes.
   */
  prepare(image: Image): Image;
  channels: 1 | 3;
  /** N x H x W x channels of whole numbers 0 ... 255 as float32, to features and logits. */
  apply: JitFunction;
  dispose(): void;
}

/** What {@link extractFeatures} finds, a row for each image. */
export interface Extracted {
  features: Features;
  logits: Features;
}

/**
 * The features and logits of all images of a source.
 *
 * @param only leaves the logits out
 */
export async function extractFeatures(
  extractor: FeatureExtractor,
  source: ImageSource,
  onProgress: (done: number) => void = () => {},
  only?: "features",
): Promise<Extracted> {
  const [columns, width] = extractor.widths;
  const classes = only ? 0 : width;
  const features = new Float32Array(source.count * columns);
  const logits = new Float32Array(source.count * classes);
  let pending: Image | null = null;
  for (let from = 0; from < source.count;) {
    // A batch is of one size; in a folder of mixed ones it ends where the size changes.
    const batch: Image[] = [pending ?? extractor.prepare(source.read(from))];
    pending = null;
    const { width, height } = batch[0]!;
    while (batch.length < extractor.batchSize && from + batch.length < source.count) {
      const image = extractor.prepare(source.read(from + batch.length));
      if (image.width !== width || image.height !== height) {
        pending = image;
        break;
      }
      batch.push(image);
    }
    // Always as many rows, so that a traced network is traced once a size.
    const values = new Float32Array(extractor.batchSize * width * height * extractor.channels);
    batch.forEach((image, i) => values.set(image.data, i * width * height * extractor.channels));
    const input = tf.tensor4d(values, [extractor.batchSize, height, width, extractor.channels]);
    const outputs = extractor.apply(input);
    const [rows, scores] = await Promise.all(outputs.map((tensor) => tensor.data())) as [
      Float32Array,
      Float32Array,
    ];
    features.set(rows.subarray(0, batch.length * columns), from * columns);
    if (!only) logits.set(scores.subarray(0, batch.length * classes), from * classes);
    tf.dispose([input, ...outputs]);
    for (const array of [values, rows, scores]) freeArray(array);
    from += batch.length;
    onProgress(from);
  }
  return { features: { values: features, columns }, logits: { values: logits, columns: classes } };
}

/** Images that lie in memory one after the other: bytes N, H, W, C of one size. */
export function imagesInMemory(
  set: {
    name: string;
    digest: string;
    images: Uint8Array;
    count: number;
    imageSize: number;
    channels: 1 | 3;
  },
): ImageSource {
  const { name, digest, images, count, imageSize, channels } = set;
  const each = imageSize * imageSize * channels;
  return {
    name,
    digest,
    count,
    read: (i) => ({
      width: imageSize,
      height: imageSize,
      channels,
      data: images.subarray(i * each, (i + 1) * each),
    }),
  };
}
