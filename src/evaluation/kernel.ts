/**
 * The kernel distance of two sets of features: the squared maximum mean discrepancy (MMD) under a
 * cubic polynomial kernel; over Inception features it is the KID.
 *
 * Source: Binkowski et al., "Demystifying MMD GANs" (2018), section 4: k(x, y) = (xᵀy / d + 1)^3;
 * the estimator is the unbiased one of Gretton et al., "A kernel two-sample test" (2012), equation
 * 3.
 */
import { drawRows } from "./draw.ts";
import { freeArray } from "../formats/tensors.ts";
import { type Features, rowCount, rowRange, rowsAsMatrix, selectRows } from "./features.ts";
import { rowProducts } from "./linear_algebra.ts";

const defaults = { subsets: 100, subsetSize: 1000, seed: 0 };
/** Rows that are multiplied at a time. */
const block = 1000;

/** How {@link kernelDistance} draws its subsets. */
export interface KernelDistanceOptions {
  /** Subsets that are drawn; 100 by default. */
  subsets?: number;
  /**
   * Rows in each, drawn without replacement; 1,000 by default, and never more than either set has.
   */
  subsetSize?: number;
  /** 0 by default. */
  seed?: number;
}

/** What {@link kernelDistance} finds. */
export interface KernelDistance {
  /** The mean over the subsets: the figure that torch-fidelity and the paper give. */
  mean: number;
  /** The spread over the subsets (with n), as torch-fidelity gives it. */
  standardDeviation: number;
  /** The unbiased estimate from all rows at once. */
  allRows: number;
  /**
   * The standard error of `allRows` that comes from the choice of the first set's rows (jackknife).
   */
  standardError: number;
  /** How many there were. */
  subsets: number;
  /** The rows of a subset; smaller than what was asked for where a set has fewer. */
  subsetSize: number;
}

/**
 * A request for the inner products of the rows of x with those of y: one for each pair, those of
 * the first row of x first.
 */
export interface ProductsRequest {
  x: Features;
  y: Features;
}

/**
 * The kernel distance of two sets of features, in float64.
 *
 * @param a features of one set of samples, at least two rows
 * @param b features of the other, as many columns
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
 * {@link kernelDistance} with its inner products left to the caller, who may have them made on an
 * engine: a generator that yields what it wants multiplied and expects the products back.
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
  // The estimate without row i, from the sums that are known already.
  const without = within.map((w, i) =>
    (sumWithin - 2 * w) / ((m - 1) * (m - 2)) + meanOther -
    2 * (sumAcross - across[i]!) / ((m - 1) * n)
  );
  const mean = sum(without) / m;
  const squares = without.reduce((total, v) => total + (v - mean) ** 2, 0);
  return { estimate, standardError: Math.sqrt(squares * (m - 1) / m) };
}

/**
 * For each row of x the sum over y of k - 1, leaving out the row itself where x is y. The 1 cancels
 * in the estimate, and without it no digits are lost to it.
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
    // Of x with itself the blocks left of the diagonal are those right of it, mirrored.
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

/** How often {@link kernelDistanceSteps} asks for products. */
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
