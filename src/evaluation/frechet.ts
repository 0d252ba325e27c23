/**
 * The Frechet distance of two sets of features, each treated as a Gaussian; over Inception features
 * it is the FID.
 *
 * Source: Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash
 * equilibrium" (2017), equation 6: |mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2)).
 */
import { freeArray } from "../formats/tensors.ts";
import { drawRows, drawWeights } from "./draw.ts";
import { centred, type Features, type FeatureStatistics, featureStatistics } from "./features.ts";
import { rowCount, rowsAsMatrix, selectRows } from "./features.ts";
import {
  type Matrix,
  rowProducts,
  semidefiniteFactor,
  symmetricEigenvalues,
  transpose,
} from "./linear_algebra.ts";

/**
 * The squared Frechet distance of two sets of features.
 *
 * @param a features of one set of samples, at least two rows
 * @param b features of the other, with as many columns
 * @returns 0 for equal means and covariances; in squared units of the features. Rounding may make
 * it slightly negative.
 * @throws RangeError for different columns, fewer than two rows, or values that are not finite
 */
export function frechetDistance(a: Features, b: Features): number {
  return frechetDistanceOfStatistics(featureStatistics(a), featureStatistics(b));
}

/** {@link frechetDistance} of known means and covariances. */
export function frechetDistanceOfStatistics(a: FeatureStatistics, b: FeatureStatistics): number {
  if (a.mean.length !== b.mean.length) {
    throw new RangeError(
      `features of ${a.mean.length} and of ${b.mean.length} columns cannot be compared`,
    );
  }
  let distance = trace(a.covariance) + trace(b.covariance) -
    2 * traceOfRoot(a.covariance, b.covariance);
  a.mean.forEach((mean, i) => distance += (mean - b.mean[i]!) ** 2);
  return distance;
}

function trace(s: Matrix): number {
  let sum = 0;
  for (let i = 0; i < s.rows; i++) sum += s.values[i * s.columns + i]!;
  return sum;
}

/**
 * tr((S_a S_b)^(1/2)). With S_a = Uᵀ U, the symmetric matrix U S_b Uᵀ has the nonzero eigenvalues
 * of S_a S_b. Its own are real and, except for rounding, never negative, so this needs neither a
 * complex root nor an offset on the diagonal.
 */
function traceOfRoot(a: Matrix, b: Matrix): number {
  const u = semidefiniteFactor(a);
  const ub = rowProducts(u, b, false);
  const product = rowProducts(ub, u, true);
  freeArray(u.values);
  freeArray(ub.values);
  return sumOfRoots(product);
}

/** The sum of the square roots of a matrix's eigenvalues. Frees the matrix. */
function sumOfRoots(s: Matrix): number {
  const sum = symmetricEigenvalues(s).reduce(
    (sum, value) => sum + Math.sqrt(Math.max(0, value)),
    0,
  );
  freeArray(s.values);
  return sum;
}

/** The default number of bootstrap samples: they give the error itself to about 16 %. */
export const defaultReplicates = 20;

/** Options of {@link frechetStandardError}. */
export interface BootstrapOptions {
  /** The number of bootstrap samples. Default: {@link defaultReplicates}. */
  replicates?: number;
  /**
   * The maximum number of rows to resample. Default: 2000. From more rows, this many are drawn, and
   * the error is scaled down.
   */
  rows?: number;
  /** Seed of the random choices. Default: 0. */
  seed?: number;
}

/**
 * The bootstrap standard error of the Frechet distance due to the choice of the rows of `a`. `b`
 * counts as fixed, like a training set.
 */
export function frechetStandardError(
  a: Features,
  b: FeatureStatistics,
  options: BootstrapOptions = {},
): number {
  const steps = frechetStandardErrorSteps(a, b, options);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/**
 * {@link frechetStandardError} in steps of a few seconds, between which the caller may do something
 * else: a generator that yields the number of replicates done.
 *
 * With S_b = Uᵀ U the rows are projected by Uᵀ once. Each replicate then only needs the singular
 * values of its weighted, centred rows, from the smaller of the two Gram matrices.
 */
export function* frechetStandardErrorSteps(
  a: Features,
  b: FeatureStatistics,
  options: BootstrapOptions = {},
): Generator<number, number, void> {
  const { replicates = defaultReplicates, rows: maxRows = 2000, seed = 0 } = options;
  const total = rowCount(a);
  const count = Math.min(total, maxRows);
  // Relative to the mean of b, so that the products below do not cancel.
  const rows = rowsAsMatrix(
    centred(total > count ? selectRows(a, drawRows(total, count, seed, "frechetRows")) : a, b.mean),
  );
  const u = semidefiniteFactor(b.covariance);
  const projected = rowProducts(rows, u, false);
  freeArray(u.values);
  const traceB = trace(b.covariance);
  const distances: number[] = [];
  for (let replicate = 0; replicate < replicates; replicate++) {
    yield replicate;
    const weights = drawWeights(count, seed, "frechetBootstrap", replicate);
    const mean = weightedMean(rows, weights);
    let distance = traceB;
    for (const m of mean) distance += m * m;
    weights.forEach((weight, i) => {
      const row = rows.values.subarray(i * rows.columns, (i + 1) * rows.columns);
      const square = row.reduce((sum, value, j) => sum + (value - mean[j]!) ** 2, 0);
      distance += weight * square / (count - 1);
    });
    const deviations = weightedDeviations(projected, weights);
    const smaller = deviations.rows < deviations.columns ? deviations : transpose(deviations);
    distances.push(distance - 2 * sumOfRoots(rowProducts(smaller, smaller)));
    freeArray(deviations.values);
  }
  return standardDeviation(distances) * Math.sqrt(count / total);
}

function weightedMean(x: Matrix, weights: Uint32Array): Float64Array {
  const mean = new Float64Array(x.columns);
  weights.forEach((weight, i) => {
    const row = x.values.subarray(i * x.columns, (i + 1) * x.columns);
    row.forEach((value, j) => mean[j]! += weight / x.rows * value);
  });
  return mean;
}

/**
 * The rows with a weight, minus the weighted mean, scaled so that their Gram matrix is the
 * covariance with n - 1.
 */
function weightedDeviations(x: Matrix, weights: Uint32Array): Matrix {
  const mean = weightedMean(x, weights);
  const kept = [...weights.entries()].filter(([, weight]) => weight > 0);
  const values = new Float64Array(kept.length * x.columns);
  kept.forEach(([row, weight], i) => {
    const scale = Math.sqrt(weight / (x.rows - 1));
    const from = x.values.subarray(row * x.columns, (row + 1) * x.columns);
    values.set(from.map((value, j) => scale * (value - mean[j]!)), i * x.columns);
  });
  return { values, rows: kept.length, columns: x.columns };
}

/** With n - 1. */
function standardDeviation(values: number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1));
}
