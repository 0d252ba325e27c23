/** What a batch starts from: noise, counters of noise, and classes, all by the images' indices. */
import * as tf from "@tensorflow/tfjs";
import { drawnLabels } from "../spec/labels.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { randomNormal } from "../../kernels/random_normal/mod.ts";
import type { SamplerOptions } from "./sampler.ts";

/** Images that are drawn together. */
export interface Batch {
  /** The index of the first one. */
  first: number;
  /** How many there are. */
  size: number;
}

/**
 * Blocks of random numbers per image and step. Image sizes are multiples of 8, so an image is a
 * whole number of blocks and its noise does not depend on other images.
 */
export function blocksPerImage(imageShape: SamplerOptions["imageShape"]): number {
  return Math.ceil(imageShape[0] * imageShape[1] * imageShape[2] / 4);
}

/** The noise that the images of a batch start from. The index of an image determines its own. */
export function startingNoise(
  { imageShape, seed }: SamplerOptions,
  { first, size }: Batch,
): tf.Tensor4D {
  return tf.tidy(() =>
    randomNormal<tf.Rank.R4>(
      [size, ...imageShape],
      tf.tensor1d(philoxKey(seed, "samplingStart"), "int32"),
      counterTensor(first * blocksPerImage(imageShape), 0),
    )
  );
}

/** A Philox counter with the block in the low 64 bits and the step in the high 64 bits. */
export function counterTensor(block: number, step: number): tf.Tensor1D {
  return tf.tensor1d(Int32Array.of(block, Math.floor(block / 2 ** 32), step, 0), "int32");
}

/**
 * The classes of a batch: from the spec's list if there is one, otherwise all classes in turn. Both
 * repeat cyclically by image index.
 */
export function labelsOf(
  { sampling, classes }: SamplerOptions,
  { first, size }: Batch,
): tf.Tensor1D {
  const all = drawnLabels({ sampling, classes: classes ?? 1 }) ?? [0];
  return tf.tensor1d(
    Array.from({ length: size }, (_, i) => all[(first + i) % all.length]!),
    "int32",
  );
}
