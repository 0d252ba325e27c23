/**
 * The Inception Score: how confident a classifier is about each image, and how many classes it sees
 * among them.
 *
 * Source: Salimans et al., "Improved techniques for training GANs" (2016), section 4: exp of the
 * mean KL divergence of p(class | image) from its mean over a split. The splits are made as in
 * torch-fidelity.
 */
import { drawRows } from "./draw.ts";
import { type Features, rowCount, rowsAsMatrix } from "./features.ts";

/** Options of {@link inceptionScore}. */
export interface InceptionScoreOptions {
  /** The number of splits; see {@link maxSplits}. Default: 10. */
  splits?: number;
  /** Whether to shuffle the rows first, as torch-fidelity does. Default: true. */
  shuffle?: boolean;
  /** Seed of the shuffle. Default: 0. */
  seed?: number;
}

/** The result of {@link inceptionScore}. */
export interface InceptionScore {
  /** The mean over the splits, 1 ... the number of classes; higher is better. */
  mean: number;
  /** The standard deviation over the splits (with n), as in torch-fidelity. */
  standardDeviation: number;
  /** The standard error of the mean, from the splits (with n - 1); NaN for a single split. */
  standardError: number;
  /** The number of splits. */
  splits: number;
}

/**
 * The number of splits for this many images, at most `requested`. A split of one image would always
 * have a score of 1, so each split has at least two.
 */
export function maxSplits(images: number, requested: number): number {
  return Math.max(1, Math.min(requested, Math.floor(images / 2)));
}

/**
 * The Inception Score of logits.
 *
 * @param logits one row per image, one column per class
 * @throws RangeError for fewer than two rows per split
 */
export function inceptionScore(
  logits: Features,
  options: InceptionScoreOptions = {},
): InceptionScore {
  const { splits = 10, shuffle = true, seed = 0 } = options;
  const rows = rowCount(logits);
  const classes = logits.columns;
  if (rows < 2 * splits || splits < 1) {
    throw new RangeError(
      `${rows} images cannot be split into ${splits} parts of at least two images`,
    );
  }
  const order = shuffle
    ? drawRows(rows, rows, seed, "scoreOrder")
    : Uint32Array.from({ length: rows }, (_, i) => i);
  const scores = Array.from({ length: splits }, (_, split) => {
    const from = Math.floor(split * rows / splits);
    const to = Math.floor((split + 1) * rows / splits);
    const mean = new Float64Array(classes);
    // The mean of p log p over the images, minus q log q of the mean q: the same as the mean of p
    // (log p - log q).
    let certainty = 0;
    for (const image of order.subarray(from, to)) {
      const { values: row } = rowsAsMatrix(logits, image, image + 1);
      const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
      const log = Math.log(row.reduce((total, v) => total + Math.exp(v - top), 0)) + top;
      row.forEach((logit, c) => {
        const logP = logit - log;
        const p = Math.exp(logP);
        certainty += p === 0 ? 0 : p * logP;
        mean[c]! += p / (to - from);
      });
    }
    const spread = mean.reduce((total, q) => total + (q > 0 ? q * Math.log(q) : 0), 0);
    return Math.exp(certainty / (to - from) - spread);
  });
  const mean = scores.reduce((a, b) => a + b, 0) / splits;
  const squares = scores.reduce((total, score) => total + (score - mean) ** 2, 0);
  return {
    mean,
    standardDeviation: Math.sqrt(squares / splits),
    standardError: Math.sqrt(squares / (splits - 1) / splits),
    splits,
  };
}
