/**
 * Features: the output of a feature extractor for a set of images, one row each, and their mean and
 * covariance.
 */
import { freeArray } from "../formats/tensors.ts";
import { type Matrix, rowProducts } from "./linear_algebra.ts";

/**
 * A row-major table: one row per sample, with `columns` features each. The float32 output of
 * networks is kept as it is, which halves the memory; everything computed from features is float64.
 */
export interface Features {
  /** Row-major. */
  values: Float64Array | Float32Array;
  /** Features per sample. */
  columns: number;
}

/** Mean and covariance (with n - 1) of features, and the number of rows they come from. */
export interface FeatureStatistics {
  mean: Float64Array;
  covariance: Matrix;
  count: number;
}

/** The number of rows. Throws if the values do not fill whole rows. */
export function rowCount(features: Features): number {
  const rows = features.values.length / features.columns;
  if (!Number.isInteger(rows)) {
    throw new RangeError(
      `${features.values.length} feature values do not make rows of ${features.columns}`,
    );
  }
  return rows;
}

/** The given rows, in the given order, in an array of the same kind. */
export function selectRows(features: Features, rows: ArrayLike<number>): Features {
  const { values, columns } = features;
  const size = rows.length * columns;
  const out = values instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
  for (const [i, row] of Array.from(rows).entries()) {
    out.set(values.subarray(row * columns, (row + 1) * columns), i * columns);
  }
  return { values: out, columns };
}

/** The rows from `from` up to `to`, not copied. */
export function rowRange({ values, columns }: Features, from: number, to: number): Features {
  return { values: values.subarray(from * columns, to * columns), columns };
}

/** The rows from `from` up to `to` as a float64 matrix; copies only float32 features. */
export function rowsAsMatrix(features: Features, from = 0, to = rowCount(features)): Matrix {
  const { values, columns } = rowRange(features, from, to);
  return {
    values: values instanceof Float64Array ? values : Float64Array.from(values),
    rows: to - from,
    columns,
  };
}

/** The mean of each column. */
export function featureMean(features: Features): Float64Array {
  const { values, columns } = features;
  const rows = rowCount(features);
  const mean = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) mean[j]! += values[at]!;
  }
  return mean.map((sum) => sum / rows);
}

/** A copy with `mean` subtracted from every row. */
export function centred(features: Features, mean: Float64Array): Features {
  const { values, columns } = features;
  const out = new Float64Array(values.length);
  for (let at = 0, j = 0; at < out.length; at++, j = j + 1 === columns ? 0 : j + 1) {
    out[at] = values[at]! - mean[j]!;
  }
  return { values: out, columns };
}

/**
 * Mean and covariance in two passes, like numpy.cov(features, rowvar=False).
 *
 * @throws RangeError for fewer than two rows, and for values that are not finite
 */
export function featureStatistics(features: Features): FeatureStatistics {
  const count = rowCount(features);
  const { columns } = features;
  if (count < 2) throw new RangeError(`a covariance needs at least 2 samples; there are ${count}`);
  const mean = featureMean(features);
  if (!mean.every(Number.isFinite)) throw new RangeError("the features hold NaN or infinity");
  const covariance = { values: new Float64Array(columns * columns), rows: columns, columns };
  // Block by block, each transposed into the same memory: all at once, 10,000 rows of 2048 features
  // would take 160 MB more.
  const block = Math.min(count, 1024);
  const memory = new Float64Array(block * columns);
  for (let from = 0; from < count; from += block) {
    const rows = Math.min(block, count - from);
    const values = memory.subarray(0, rows * columns);
    for (let i = 0, at = from * columns; i < rows; i++) {
      for (let j = 0; j < columns; j++, at++) {
        values[j * rows + i] = features.values[at]! - mean[j]!;
      }
    }
    const deviations = { values, rows: columns, columns: rows };
    rowProducts(deviations, deviations, true, covariance);
  }
  freeArray(memory);
  covariance.values.forEach((sum, i) => covariance.values[i] = sum / (count - 1));
  return { mean, covariance, count };
}
