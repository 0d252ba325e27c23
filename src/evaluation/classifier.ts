/**
 * A small classifier trained on the dataset itself. If the Inception weights are not available, its
 * features and logits give the same three distances, under other names. They are valid for this
 * classifier only, whose digest and test accuracy are reported with them.
 */
import * as tf from "@tensorflow/tfjs";
import { inBatchParts } from "../../kernels/shared/batch_parts.ts";
import { rank2, rank4 } from "../../kernels/shared/ranks.ts";
import type { Dataset } from "../datasets/mod.ts";
import { preparePixels } from "../datasets/prepare.ts";
import type { Engine } from "../engines/engine.ts";
import { bytesOf, type TensorData, toFloat32 } from "../formats/tensors.ts";
import { sha256 } from "../formats/sha256.ts";
import type { FeatureExtractor } from "./extract.ts";
import { entryOf, firstOf } from "../collections/elements.ts";

/** A trained classifier. */
export interface Classifier {
  /** By name, in the order of {@link architecture}. */
  weights: Map<string, TensorData>;
  /** Its accuracy on images that it never saw, 0 ... 1. */
  testAccuracy: number;
  /** The number of those images. */
  testCount: number;
  /** SHA-256 of the weights. */
  digest: string;
}

const featureWidth = 64;

/**
 * The shapes of the weights: three or more convolutions, until the grid has at most 4 pixels per
 * side, then two dense layers.
 */
export function architecture(
  imageSize: number,
  channels: number,
  classes: number,
): [name: string, shape: number[]][] {
  const shapes: [string, number[]][] = [];
  let grid = imageSize;
  let inputs = channels;
  let level = 0;
  do {
    const outputs = level === 0 ? 32 : 64;
    shapes.push([`conv${level}.weight`, [3, 3, inputs, outputs]], [`conv${level}.bias`, [outputs]]);
    inputs = outputs;
    grid = Math.floor(grid / 2);
    level++;
  } while (grid > 4 || level < 3);
  shapes.push(["features.weight", [grid * grid * inputs, featureWidth]], ["features.bias", [
    featureWidth,
  ]]);
  shapes.push(["logits.weight", [featureWidth, classes]], ["logits.bias", [classes]]);
  return shapes;
}

type Weights = ReadonlyMap<string, tf.Tensor>;

/** Maps images [N, H, W, C] of 0 ... 255 to features (the input of the last layer) and logits. */
export function forward(
  weights: Weights,
  images: tf.Tensor4D,
): [features: tf.Tensor2D, logits: tf.Tensor2D] {
  return inBatchParts(images, [], (part) => forwardPart(weights, part));
}

function forwardPart(
  weights: Weights,
  images: tf.Tensor4D,
): [features: tf.Tensor2D, logits: tf.Tensor2D] {
  const weight = (name: string) => weights.get(`${name}.weight`);
  const bias = (name: string) => weights.get(`${name}.bias`)!;
  let x = tf.sub<tf.Tensor4D>(tf.div(images, 127.5), 1);
  for (let level = 0; weights.has(`conv${level}.weight`); level++) {
    x = tf.conv2d(x, rank4(weight(`conv${level}`)), 1, "same");
    x = tf.maxPool(tf.relu(tf.add<tf.Tensor4D>(x, bias(`conv${level}`))), 2, 2, "valid");
  }
  const flat = rank2(tf.reshape(x, [images.shape[0], -1]));
  const dense = (x: tf.Tensor2D, name: string) =>
    tf.add<tf.Tensor2D>(tf.matMul(x, rank2(weight(name))), bias(name));
  const features = tf.relu(dense(flat, "features"));
  return [features, dense(features, "logits")];
}

/** SHA-256 of the weights, in the order of the architecture. */
export function classifierDigest(weights: ReadonlyMap<string, TensorData>): string {
  return sha256(
    ...[...weights].flatMap(([name, tensor]) => [`${name} ${tensor.shape}\n`, bytesOf(tensor)]),
  );
}

/**
 * A classifier as a feature extractor on the open engine. Images are resized to its training size.
 */
export function classifierExtractor(
  engine: Engine,
  classifier: Pick<Classifier, "weights" | "digest">,
  { imageSize, channels }: Pick<Dataset, "imageSize" | "channels">,
): FeatureExtractor {
  const weights = new Map(
    Array.from(
      classifier.weights,
      ([name, tensor]) => [name, tf.tensor(toFloat32(tensor), tensor.shape)],
    ),
  );
  const apply = engine.jit((images) => forward(weights, rank4(images)));
  return {
    prefix: "classifier-",
    digest: classifier.digest,
    device: `${engine.name} ${engine.device}`,
    widths: [featureWidth, firstOf(entryOf(classifier.weights, "logits.bias").shape)],
    batchSize: 128,
    channels,
    prepare(image) {
      const data = new Uint8Array(imageSize * imageSize * channels);
      preparePixels(image, { imageSize, channels, fit: "squash" }, data);
      return { width: imageSize, height: imageSize, channels, data };
    },
    apply,
    dispose() {
      tf.dispose([...weights.values()]);
      apply.dispose();
    },
  };
}
