/**
 * Chooses the images and timesteps of each step. Every choice is a function of the seed, its
 * purpose and the step. So any step can be redrawn on its own, and a resumed training needs no
 * generator state.
 */
import { philox4x32, philoxKey, type purposes } from "../../kernels/random_normal/philox.ts";
import type { Motion } from "../../kernels/rotate/mod.ts";
import { type Dataset, fillBatch } from "../datasets/mod.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { augmentImages, randomMotions } from "./motions.ts";

type Purpose = keyof typeof purposes;

/** `count` random words for one purpose at one step (or epoch), each 0 ... 2^32 - 1. */
function words(count: number, seed: number, purpose: Purpose, step: number): Uint32Array {
  const key = philoxKey(seed, purpose);
  const drawn = new Uint32Array(Math.ceil(count / 4) * 4);
  for (let block = 0; 4 * block < count; block++) {
    drawn.set(philox4x32([block, 0, step >>> 0, Math.floor(step / 2 ** 32)], key), 4 * block);
  }
  return drawn.subarray(0, count);
}

/** Maps a random word to an integer 0 ... below - 1. */
function scaled(word: number, below: number): number {
  return Math.floor(word * below / 2 ** 32);
}

/** The order of the images in an epoch, each once (Fisher-Yates shuffle). */
export function shuffledIndices(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const random = words(count, seed, "shuffle", epoch);
  for (let i = count - 1; i > 0; i--) {
    const j = scaled(random[i]!, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** The inputs of one training step. */
export interface Batch {
  /** Images in [-1, 1], N, H, W, C. */
  images: Float32Array;
  size: number;
  /** Timesteps, 1 ... noise.steps - 1. */
  timesteps: Int32Array;
  /** Classes, -1 where dropped; null for a network without classes. */
  labels: Int32Array | null;
  /** How each image moves for the equivariance loss; null without it. */
  motions: Motion[] | null;
}

/**
 * Returns a function that gives the batch of any step. It caches the shuffled order of the last
 * requested epoch.
 */
export function batchSource(
  dataset: Dataset,
  spec: ResolvedSpec,
  stepsPerEpoch: number,
): (step: number) => Batch {
  const { seed, noise, training, data: { flip } } = spec;
  const { batchSize, labelDropout, augment, equivariance } = training;
  const elements = dataset.imageSize ** 2 * dataset.channels;
  let epoch = -1;
  let order = new Uint32Array();
  return (step) => {
    const now = Math.floor(step / stepsPerEpoch);
    const first = (step % stepsPerEpoch) * batchSize;
    if (now !== epoch) {
      [epoch, order] = [now, shuffledIndices(dataset.count, seed, now) as Uint32Array<ArrayBuffer>];
    }
    const indices = order.subarray(first, first + batchSize);
    const size = indices.length;
    const images = new Float32Array(size * elements);
    const mirrored = flip ? words(size, seed, "flip", step).map((word) => word & 1) : undefined;
    fillBatch(dataset, indices, images, mirrored);
    if (augment) {
      augmentImages(images, dataset, randomMotions(size, augment, seed, "augmentation", step));
    }
    // As published: t is uniform in 1 ... steps - 1, and timestep 0 is never trained.
    const timesteps = Int32Array.from(
      words(size, seed, "timestep", step),
      (word) => 1 + scaled(word, noise.steps - 1),
    );
    const motions = equivariance
      ? randomMotions(size, equivariance, seed, "equivariance", step)
      : null;
    return { images, size, timesteps, labels: labelsOf(indices, step), motions };
  };

  function labelsOf(indices: Uint32Array, step: number): Int32Array | null {
    if (spec.classes === null) return null;
    const { labels } = dataset;
    if (!labels) {
      throw new Error(`${dataset.name} has no labels for a class-conditional network`);
    }
    const dropped = words(indices.length, seed, "label", step);
    const below = (labelDropout ?? 0) * 2 ** 32;
    return Int32Array.from(
      indices,
      (index, i) => dropped[i]! < below ? -1 : labels[index]!,
    );
  }
}
