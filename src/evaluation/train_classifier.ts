/** Trains the classifier of classifier.ts. */
import * as tf from "@tensorflow/tfjs";
import { adamw, adamwRates } from "../../kernels/adamw/mod.ts";
import { randomNormal } from "../../kernels/random_normal/mod.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { rank1, rank4 } from "../../kernels/shared/ranks.ts";
import type { Dataset } from "../datasets/mod.ts";
import type { Engine } from "../engines/engine.ts";
import { requireTraining } from "../engines/trains.ts";
import { float32Tensor, type TensorData, toFloat32 } from "../formats/tensors.ts";
import { nextTask } from "../engines/next_task.ts";
import { drawIntegers, drawRows, uses } from "./draw.ts";
import { type Extracted, extractFeatures, imagesInMemory } from "./extract.ts";
import {
  architecture,
  type Classifier,
  classifierDigest,
  classifierExtractor,
  forward,
} from "./classifier.ts";

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

/** Raise this if the same dataset gives a different classifier. */
export const classifierVersion = 3;

/**
 * Trains a classifier on five sixths of a dataset and tests it on the rest. Philox draws which
 * images are which.
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
      const [, logits] = forward(weights, rank4(images));
      const logP = tf.logSoftmax(logits);
      const hot = tf.oneHot(rank1(labels), classes);
      return tf.neg(tf.mean<tf.Scalar>(tf.sum(tf.mul(hot, logP), 1)));
    }, slots.map(({ parameter }) => parameter));
    adamw(
      slots.map((slot) => ({ ...slot, gradient: grads[slot.parameter.name]! })),
      rank1(rates),
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
    found.set(name, float32Tensor(parameter.shape, await parameter.data<"float32">()));
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
    const weight = weights.get(name)!;
    weights.set(name, float32Tensor(weight.shape, toFloat32(weight).map((w) => w * factor)));
  }
}

/** He's normal initialization for weights, zeros for biases. */
function initial(shape: number[], index: number): tf.Tensor {
  if (shape.length === 1) return tf.zeros(shape);
  const inputs = shape.slice(0, -1).reduce((a, b) => a * b);
  return tf.tidy(() => {
    const key = tf.tensor1d([...philoxKey(0, "evaluation")], "int32");
    const counter = tf.tensor1d([0, index, uses.classifierStart, 0], "int32");
    return tf.mul(randomNormal<tf.Rank>(shape, key, counter), Math.sqrt(2 / inputs));
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
): void {
  const { images, imageSize: size, channels } = dataset;
  const middle = (size - 1) / 2;
  const [dx = 0, dy = 0, turn = 0, zoom = 0] = random;
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
