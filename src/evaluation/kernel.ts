/**
 * The kernel distance of two sets of features: the squared maximum mean discrepancy (MMD) with a
 * cubic polynomial kernel; over Inception features it is the KID.
 *
 * Source: Binkowski et al., "Demystifying MMD GANs" (2018), section 4: k(x, y) = (xᵀy / d + 1)^3.
 * The estimator is the unbiased one of Gretton et al., "A kernel two-sample test" (2012), equation
 * 3.
 */
import { drawRows } from "./draw.ts";
import { freeArray } from "../formats/tensors.ts";
import { type Features, rowCount, rowRange, rowsAsMatrix, selectRows } from "./features.ts";
import { rowProducts } from "./linear_algebra.ts";

const defaults = { subsets: 100, subsetSize: 1000, seed: 0 };
/** The number of rows multiplied at a time. */
const block = 1000;

/** Options of {@link kernelDistance}. */
export interface KernelDistanceOptions {
  /** The number of subsets. Default: 100. */
  subsets?: number;
  /**
   * Rows per subset, drawn without replacement; never more than the smaller set has. Default:
   * 1,000.
   */
  subsetSize?: number;
  /** Seed of the random choices. Default: 0. */
  seed?: number;
}

/** The result of {@link kernelDistance}. */
export interface KernelDistance {
  /** The mean over the subsets: the value that torch-fidelity and the paper report. */
  mean: number;
  /** The standard deviation over the subsets (with n), as in torch-fidelity. */
  standardDeviation: number;
  /** The unbiased estimate from all rows at once. */
  allRows: number;
  /** The standard error of `allRows` due to the choice of the first set's rows (jackknife). */
  standardError: number;
  /** The number of subsets. */
  subsets: number;
  /** Rows per subset; smaller than requested if a set has fewer. */
  subsetSize: number;
}

/**
 * A request for the inner products of the rows of x with those of y: one per pair, starting with
 * the first row of x.
 */
export interface ProductsRequest {
  x: Features;
  y: Features;
}

/**
 * The kernel distance of two sets of features, in float64.
 *
 * @param a features of one set of samples, at least two rows
 * @param b features of the other, with as many columns
 * @throws RangeError for different columns or fewer than two rows
 */
export function kernelDistance(
  a: Features,
  b: Features,
  options: KernelDistanceOptions = {},
): KernelDistance {
  const steps = kernelDistanceSteps(a, b, options);
  let step = steps.next();
  while (!step.done) {
    const { x, y } = step.value;
    const left = rowsAsMatrix(x);
    step = steps.next(rowProducts(left, x === y ? left : rowsAsMatrix(y)).values);
  }
  return step.value;
}

/**
 * {@link kernelDistance} with the inner products left to the caller, who may compute them on an
 * engine: a generator that yields requests and expects the products back.
 */
export function* kernelDistanceSteps(
  a: Features,
  b: Features,
  options: KernelDistanceOptions = {},
): Generator<ProductsRequest, KernelDistance, ArrayLike<number>> {
  const { subsets, seed, subsetSize: wanted } = { ...defaults, ...options };
  const rowsA = rowCount(a);
  const rowsB = rowCount(b);
  if (a.columns !== b.columns) {
    throw new RangeError(`features of ${a.columns} and of ${b.columns} columns cannot be compared`);
  }
  if (rowsA < 2 || rowsB < 2) {
    throw new RangeError(
      `a kernel distance needs at least 2 samples a set; there are ${rowsA} and ${rowsB}`,
    );
  }
  const subsetSize = Math.min(wanted, rowsA, rowsB);
  const estimates: number[] = [];
  for (let subset = 0; subset < subsets; subset++) {
    const x = selectRows(a, drawRows(rowsA, subsetSize, seed, "kernelLeft", subset));
    const y = selectRows(b, drawRows(rowsB, subsetSize, seed, "kernelRight", subset));
    estimates.push((yield* discrepancy(x, y)).estimate);
    freeArray(x.values);
    freeArray(y.values);
  }
  const mean = estimates.reduce((sum, v) => sum + v, 0) / subsets;
  const variance = estimates.reduce((sum, v) => sum + (v - mean) ** 2, 0) / subsets;
  const { estimate, standardError } = yield* discrepancy(a, b);
  return {
    mean,
    standardDeviation: Math.sqrt(variance),
    allRows: estimate,
    standardError,
    subsets,
    subsetSize,
  };
}

/** The unbiased estimate from all rows of x and y, and its jackknife error over the rows of x. */
function* discrepancy(
  x: Features,
  y: Features,
): Generator<ProductsRequest, { estimate: number; standardError: number }, ArrayLike<number>> {
  const m = rowCount(x);
  const n = rowCount(y);
  const within = yield* kernelRowSums(x, x);
  const across = yield* kernelRowSums(x, y);
  const other = yield* kernelRowSums(y, y);
  const sumWithin = sum(within);
  const sumAcross = sum(across);
  const meanOther = sum(other) / (n * (n - 1));
  const estimate = sumWithin / (m * (m - 1)) + meanOther - 2 * sumAcross / (m * n);
  if (m < 3) return { estimate, standardError: NaN };
  // The estimate without row i, from the known sums.
  const without = within.map((w, i) =>
    (sumWithin - 2 * w) / ((m - 1) * (m - 2)) + meanOther -
    2 * (sumAcross - across[i]!) / ((m - 1) * n)
  );
  const mean = sum(without) / m;
  const squares = without.reduce((total, v) => total + (v - mean) ** 2, 0);
  return { estimate, standardError: Math.sqrt(squares * (m - 1) / m) };
}

/**
 * For each row of x, the sum of k - 1 over y, without the row itself if x is y. The 1 cancels in
 * the estimate, and subtracting it here avoids a loss of digits.
 */
function* kernelRowSums(
  x: Features,
  y: Features,
): Generator<ProductsRequest, Float64Array, ArrayLike<number>> {
  const m = rowCount(x);
  const n = rowCount(y);
  const d = x.columns;
  const sums = new Float64Array(m);
  const same = x === y;
  for (let from = 0; from < m; from += block) {
    const to = Math.min(m, from + block);
    const rows = rowRange(x, from, to);
    // For x with itself, the blocks left of the diagonal mirror those right of it.
    for (let left = same ? from : 0; left < n; left += block) {
      const diagonal = same && left === from;
      const right = Math.min(n, left + block);
      const columns = diagonal ? rows : rowRange(y, left, right);
      const products = yield { x: rows, y: columns };
      for (let i = 0, at = 0; i < to - from; i++) {
        let total = 0;
        for (let j = 0; j < right - left; j++, at++) {
          if (diagonal && i === j) continue;
          const g = products[at]! / d;
          const kernel = g * (3 + g * (3 + g));
          total += kernel;
          if (same && !diagonal) sums[left + j]! += kernel;
        }
        sums[from + i]! += total;
      }
    }
  }
  return sums;
}

/** How many products {@link kernelDistanceSteps} requests. */
export function kernelRequests(
  rowsA: number,
  rowsB: number,
  options: KernelDistanceOptions = {},
): number {
  const { subsets, subsetSize } = { ...defaults, ...options };
  const blocks = (rows: number) => Math.ceil(rows / block);
  const half = (n: number) => n * (n + 1) / 2;
  const each = (a: number, b: number) => half(blocks(a)) + blocks(a) * blocks(b) + half(blocks(b));
  const size = Math.min(subsetSize, rowsA, rowsB);
  return subsets * each(size, size) + each(rowsA, rowsB);
}

function sum(values: Float64Array): number {
  return values.reduce((total, v) => total + v, 0);
}
