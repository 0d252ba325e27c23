/**
 * From images to features: the interfaces of feature extractors and image sources, and the loop
 * that passes images through in batches. A folder of any size needs only the memory of one batch
 * and its features.
 */
import * as tf from "@tensorflow/tfjs";
import type { JitFunction } from "../engines/engine.ts";
import type { Image } from "../formats/image.ts";
import { freeArray } from "../formats/tensors.ts";
import type { Features } from "./features.ts";

/** Images in order, read one at a time. */
export interface ImageSource {
  /** For people: the name of a dataset or a folder. */
  name: string;
  /** Changes whenever an image does. */
  digest: string;
  count: number;
  /** Image `index`, 0 ... count - 1. */
  read(index: number): Image;
}

/** A network that extracts features from images. */
export interface FeatureExtractor {
  /** The prefix of its scores' names: none for Inception, whose scores are the established ones. */
  prefix: "" | "classifier-";
  /** SHA-256 of its weights. */
  digest: string;
  /** A part of the cache key, next to the digest: engines differ in the last bits. */
  device: string;
  /** The number of features and logits per image. */
  widths: [features: number, logits: number];
  /** Images per batch. */
  batchSize: number;
  /**
   * Prepares an image as input; the result has this extractor's `channels`, and any size that it
   * accepts.
   */
  prepare(image: Image): Image;
  channels: 1 | 3;
  /** N x H x W x channels of whole numbers 0 ... 255 as float32, to features and logits. */
  apply: JitFunction;
  dispose(): void;
}

/** The output of a network in float32, one row per image. */
export interface NetworkOutput extends Features {
  values: Float32Array;
}

/** The result of {@link extractFeatures}. */
export interface Extracted {
  features: NetworkOutput;
  logits: NetworkOutput;
}

const none = new Float32Array();

/**
 * The features and logits of all images of a source.
 *
 * @param only leaves out the logits
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
    // All images of a batch have the same size. In a folder of mixed sizes, a batch ends where the
    // size changes.
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
    // The number of rows is always the same, so that the network is traced only once per size.
    const values = new Float32Array(extractor.batchSize * width * height * extractor.channels);
    batch.forEach((image, i) => values.set(image.data, i * width * height * extractor.channels));
    const input = tf.tensor4d(values, [extractor.batchSize, height, width, extractor.channels]);
    const outputs = extractor.apply(input);
    const [rows = none, scores = none] = await Promise.all(
      outputs.map((tensor) => tensor.data<"float32">()),
    );
    features.set(rows.subarray(0, batch.length * columns), from * columns);
    if (!only) logits.set(scores.subarray(0, batch.length * classes), from * classes);
    tf.dispose([input, ...outputs]);
    for (const array of [values, rows, scores]) freeArray(array);
    from += batch.length;
    onProgress(from);
  }
  return { features: { values: features, columns }, logits: { values: logits, columns: classes } };
}

/** Images stored consecutively in memory: bytes N, H, W, C of one size. */
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
