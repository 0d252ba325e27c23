/**
 * A small classifier trained on the dataset itself. If the Inception weights are not available, its
 * features and logits give the same three distances, under other names. They are valid for this
 * classifier only, whose digest and test accuracy are reported with them.
 */
import * as tf from "@tensorflow/tfjs";
import { adamw, adamwRates } from "../../kernels/adamw/mod.ts";
import { inBatchParts } from "../../kernels/shared/batch_parts.ts";
import { randomNormal } from "../../kernels/random_normal/mod.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import type { Dataset } from "../datasets/mod.ts";
import { preparePixels } from "../datasets/prepare.ts";
import type { Engine } from "../engines/engine.ts";
import { requireTraining } from "../engines/trains.ts";
import { bytesOf, float32Tensor, type TensorData, toFloat32 } from "../formats/tensors.ts";
import { sha256 } from "../formats/sha256.ts";
import { nextTask } from "../engines/next_task.ts";
import { drawIntegers, drawRows, uses } from "./draw.ts";
import {
  type Extracted,
  extractFeatures,
  type FeatureExtractor,
  imagesInMemory,
} from "./extract.ts";

/** A trained classifier: its weights by name, and its accuracy on images that it never saw. */
export interface Classifier {
  weights: Map<string, TensorData>;
  /** 0 ... 1. */
  testAccuracy: number;
  testCount: number;
  /** SHA-256 of the weights. */
  digest: string;
}

/**
 * How to train a classifier. Each time it sees an image, the image is moved by up to `shift` of its
 * side, rotated by up to `turnDegrees` and scaled by up to `scale`: with a few thousand images this
 * helps more than a larger network.
 */
const recipe = {
  epochs: 12,
  batchSize: 64,
  learningRate: 2e-3,
  weightDecay: 0.01,
  testShare: 1 / 6,
  shift: 1 / 16,
  turnDegrees: 12,
  scale: 0.12,
};
const featureWidth = 64;

/** Raise it when the same dataset gives another classifier. */
export const classifierVersion = 3;

/**
 * The shapes of the weights: three or more convolutions, until the grid has at most 4 pixels per
 * side, then two dense layers.
 */
function architecture(
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

/** Images N x H x W x C of 0 ... 255 to features (before the last layer) and logits. */
function forward(
  weights: Weights,
  images: tf.Tensor4D,
): [features: tf.Tensor2D, logits: tf.Tensor2D] {
  return inBatchParts(images, [], (part) => forwardPart(weights, part));
}

function forwardPart(
  weights: Weights,
  images: tf.Tensor4D,
): [features: tf.Tensor2D, logits: tf.Tensor2D] {
  const get = <T extends tf.Tensor>(name: string) => weights.get(name) as T;
  let x = tf.sub<tf.Tensor4D>(tf.div(images, 127.5), 1);
  for (let level = 0; weights.has(`conv${level}.weight`); level++) {
    x = tf.conv2d(x, get<tf.Tensor4D>(`conv${level}.weight`), 1, "same");
    x = tf.maxPool(tf.relu(tf.add<tf.Tensor4D>(x, get(`conv${level}.bias`))), 2, 2, "valid");
  }
  const flat = tf.reshape(x, [images.shape[0], -1]);
  const features = tf.relu(
    tf.add<tf.Tensor2D>(tf.matMul(flat, get<tf.Tensor2D>("features.weight")), get("features.bias")),
  );
  return [
    features,
    tf.add(tf.matMul(features, get<tf.Tensor2D>("logits.weight")), get("logits.bias")),
  ];
}

/**
 * Trains a classifier on five sixths of a dataset and tests it on the rest; Philox draws the images
 * of each.
 *
 * @param dataset with labels
 * @param onProgress called with the steps done and in total
 */
export async function trainClassifier(
  engine: Engine,
  dataset: Dataset,
  onProgress: (done: number, all: number) => void = () => {},
): Promise<Classifier> {
  requireTraining(engine, "the classifier that stands in for Inception");
  const { labels, classes, count, imageSize, channels } = dataset;
  if (!labels || !classes) throw new Error("a classifier needs labels");
  const { epochs, batchSize, learningRate, weightDecay, testShare } = recipe;
  const order = drawRows(count, count, 0, "classifierSplit");
  const testCount = Math.max(1, Math.floor(count * testShare));
  const trainCount = count - testCount;
  const test = order.subarray(0, testCount);
  const train = order.subarray(testCount);

  const slots = architecture(imageSize, channels, classes).map(([name, shape], i) => {
    const zeros = () => tf.variable(tf.zeros(shape), false);
    return { name, parameter: tf.variable(initial(shape, i)), mean: zeros(), square: zeros() };
  });
  const weights = new Map(slots.map(({ name, parameter }) => [name, parameter]));
  const step = engine.jit((images, labels, rates) => {
    const { value, grads } = tf.variableGrads(() => {
      const [, logits] = forward(weights, images as tf.Tensor4D);
      const logP = tf.logSoftmax(logits);
      const hot = tf.oneHot(labels as tf.Tensor1D, classes);
      return tf.neg(tf.mean<tf.Scalar>(tf.sum(tf.mul(hot, logP), 1)));
    }, slots.map(({ parameter }) => parameter));
    adamw(
      slots.map((slot) => ({ ...slot, gradient: grads[slot.parameter.name]! })),
      rates as tf.Tensor1D,
    );
    return [value];
  });
  const stepsPerEpoch = Math.max(1, Math.floor(trainCount / batchSize));
  const steps = epochs * stepsPerEpoch;
  const rows = Math.min(batchSize, trainCount);
  const pixels = new Float32Array(rows * imageSize * imageSize * channels);
  for (let epoch = 0, done = 0; epoch < epochs; epoch++) {
    const shuffled = drawRows(trainCount, trainCount, 0, "classifierOrder", epoch);
    const moves = drawIntegers(trainCount * 4, 65536, 0, "classifierMoves", epoch);
    for (let s = 0; s < stepsPerEpoch; s++) {
      const batch = Array.from(shuffled.subarray(s * rows, (s + 1) * rows), (i) => train[i]!);
      batch.forEach((image, i) => {
        const at = 4 * (s * rows + i);
        writeMoved(
          dataset,
          image,
          Array.from(moves.subarray(at, at + 4), (v) => v / 32768 - 1),
          i,
          pixels,
        );
      });
      done++;
      const rate = learningRate * Math.min(1, done / 100) * (1 - (done - 1) / steps);
      const inputs = [
        tf.tensor4d(pixels, [rows, imageSize, imageSize, channels]),
        tf.tensor1d(batch.map((i) => labels[i]!), "int32"),
        tf.tensor1d(adamwRates({ learningRate: rate, weightDecay, step: done })),
      ];
      tf.dispose([...step(...inputs), ...inputs]);
      if (done % 20 === 0 || done === steps) {
        await nextTask();
        onProgress(done, steps);
      }
    }
  }
  step.dispose();
  const found = new Map<string, TensorData>();
  for (const { name, parameter } of slots) {
    found.set(name, float32Tensor(parameter.shape, await parameter.data() as Float32Array));
  }
  await scaleFeatures(engine, found, dataset, train);
  for (const { parameter, mean, square } of slots) tf.dispose([parameter, mean, square]);
  const classifier = { weights: found, digest: classifierDigest(found), testCount };
  return { ...classifier, testAccuracy: await accuracy(engine, classifier, dataset, test) };
}

/**
 * Scales the features to a mean square of 1 over the training images, and the last layer's weights
 * inversely. The logits stay the same, and distances of features get an ordinary magnitude,
 * whatever the scale after training.
 */
async function scaleFeatures(
  engine: Engine,
  weights: Map<string, TensorData>,
  dataset: Dataset,
  images: Uint32Array,
): Promise<void> {
  const { features } = await outputsOf(
    engine,
    { weights, digest: "" },
    dataset,
    images.subarray(0, 2000),
  );
  let squares = 0;
  for (const value of features.values) squares += value * value;
  const scale = Math.sqrt(squares / features.values.length) || 1;
  const factors = {
    "features.weight": 1 / scale,
    "features.bias": 1 / scale,
    "logits.weight": scale,
  };
  for (const [name, factor] of Object.entries(factors)) {
    const { shape, data } = weights.get(name)!;
    weights.set(name, float32Tensor(shape, (data as Float32Array).map((w) => w * factor)));
  }
}

/** SHA-256 of the weights, in the order of the architecture. */
export function classifierDigest(weights: ReadonlyMap<string, TensorData>): string {
  return sha256(
    ...[...weights].flatMap(([name, tensor]) => [`${name} ${tensor.shape}\n`, bytesOf(tensor)]),
  );
}

/** He's normal initialization for weights, zeros for biases. */
function initial(shape: number[], index: number): tf.Tensor {
  if (shape.length === 1) return tf.zeros(shape);
  const inputs = shape.slice(0, -1).reduce((a, b) => a * b);
  return tf.tidy(() => {
    const key = tf.tensor1d([...philoxKey(0, "evaluation")], "int32");
    const counter = tf.tensor1d([0, index, uses.classifierStart, 0], "int32");
    return tf.mul(randomNormal(shape as [number, number], key, counter), Math.sqrt(2 / inputs));
  });
}

/**
 * Writes image `index`, moved, rotated and scaled by the four numbers in [-1, 1), to row `row` of
 * the batch. Bilinear; pixels beyond the border repeat the border.
 */
function writeMoved(
  dataset: Dataset,
  index: number,
  random: number[],
  row: number,
  out: Float32Array,
) {
  const { images, imageSize: size, channels } = dataset;
  const middle = (size - 1) / 2;
  const [dx, dy, turn, zoom] = random as [number, number, number, number];
  const angle = turn * recipe.turnDegrees * Math.PI / 180;
  const factor = 1 + zoom * recipe.scale;
  const cos = Math.cos(angle) / factor;
  const sin = Math.sin(angle) / factor;
  const reach = size * recipe.shift;
  const from = index * size * size * channels;
  let to = row * size * size * channels;
  const inside = (v: number) => Math.min(size - 1, Math.max(0, v));
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const sx = inside(cos * (x - middle) + sin * (y - middle) + middle + dx * reach);
      const sy = inside(cos * (y - middle) - sin * (x - middle) + middle + dy * reach);
      const x0 = Math.floor(sx);
      const y0 = Math.floor(sy);
      const fx = sx - x0;
      const fy = sy - y0;
      const top = from + y0 * size * channels;
      const bottom = from + inside(y0 + 1) * size * channels;
      const left = x0 * channels;
      const right = inside(x0 + 1) * channels;
      for (let c = 0; c < channels; c++) {
        const above = images[top + left + c]! * (1 - fx) + images[top + right + c]! * fx;
        const below = images[bottom + left + c]! * (1 - fx) + images[bottom + right + c]! * fx;
        out[to++] = above * (1 - fy) + below * fy;
      }
    }
  }
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
    [...classifier.weights].map((
      [name, tensor],
    ) => [name, tf.tensor(toFloat32(tensor), tensor.shape)]),
  );
  const apply = engine.jit((images) => forward(weights, images as tf.Tensor4D));
  return {
    prefix: "classifier-",
    digest: classifier.digest,
    device: `${engine.name} ${engine.device}`,
    widths: [featureWidth, classifier.weights.get("logits.bias")!.shape[0]!],
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

/** Features and logits of some of a dataset's images. */
async function outputsOf(
  engine: Engine,
  classifier: Pick<Classifier, "weights" | "digest">,
  dataset: Dataset,
  indices: Uint32Array,
): Promise<Extracted> {
  const extractor = classifierExtractor(engine, classifier, dataset);
  const all = imagesInMemory(dataset);
  try {
    return await extractFeatures(extractor, {
      ...all,
      count: indices.length,
      read: (i) => all.read(indices[i]!),
    });
  } finally {
    extractor.dispose();
  }
}

/** The fraction of the given images whose largest logit is that of their label. */
async function accuracy(
  engine: Engine,
  classifier: Pick<Classifier, "weights" | "digest">,
  dataset: Dataset,
  indices: Uint32Array,
): Promise<number> {
  const { logits } = await outputsOf(engine, classifier, dataset, indices);
  let right = 0;
  for (let i = 0; i < indices.length; i++) {
    const row = [...logits.values.subarray(i * logits.columns, (i + 1) * logits.columns)];
    if (row.indexOf(Math.max(...row)) === dataset.labels![indices[i]!]) right++;
  }
  return right / indices.length;
}
