/**
 * Features: what a feature extractor says about a set of images, one row each, and their mean and covariance.
 */
import { type Matrix, rowProducts, transpose } from "./linear_algebra.ts";

/**
 * A table, row-major: a row for each sample, `columns` features each. Networks give float32, which is kept as it is, as
 * it halves the memory; whatever is computed from features is float64.
 */
export interface Features {
  /** Row-major. */
  values: Float64Array | Float32Array;
  /** Features of a sample. */
  columns: number;
}

/** Mean and covariance (with n - 1) of features, and from how many rows they come. */
export interface FeatureStatistics {
  mean: Float64Array;
  covariance: Matrix;
  count: number;
}

/** The number of rows. Throws where the values do not fill whole rows. */
export function rowCount(features: Features): number {
  const rows = features.values.length / features.columns;
  if (!Number.isInteger(rows)) {
    throw new RangeError(`${features.values.length} feature values do not make rows of ${features.columns}`);
  }
  return rows;
}

/** The given rows, in the given order. */
export function selectRows(features: Features, rows: ArrayLike<number>): Features {
  const { values, columns } = features, out = new Float64Array(rows.length * columns);
  for (let i = 0; i < rows.length; i++) {
    out.set(values.subarray(rows[i]! * columns, (rows[i]! + 1) * columns), i * columns);
  }
  return { values: out, columns };
}

/** The rows from `from` up to `to` as a float64 matrix; a copy only where the features are float32. */
export function rowsAsMatrix(features: Features, from = 0, to = rowCount(features)): Matrix {
  const { columns } = features, values = features.values.subarray(from * columns, to * columns);
  return { values: values instanceof Float64Array ? values : Float64Array.from(values), rows: to - from, columns };
}

/** The mean of each column. */
export function featureMean(features: Features): Float64Array {
  const { values, columns } = features, rows = rowCount(features), mean = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++, at++) mean[j]! += values[at]!;
  return mean.map((sum) => sum / rows);
}

/** A copy with `mean` taken from every row. */
export function centred(features: Features, mean: Float64Array): Features {
  const { values, columns } = features, out = new Float64Array(values.length);
  for (let at = 0, j = 0; at < out.length; at++, j = j + 1 === columns ? 0 : j + 1) out[at] = values[at]! - mean[j]!;
  return { values: out, columns };
}

/**
 * Mean and covariance in two passes, as numpy.cov(features, rowvar=False).
 *
 * @throws RangeError for fewer than two rows, and for values that are not finite
 */
export function featureStatistics(features: Features): FeatureStatistics {
  const count = rowCount(features), { columns } = features;
  if (count < 2) throw new RangeError(`a covariance needs at least 2 samples; there are ${count}`);
  const mean = featureMean(features);
  if (!mean.every(Number.isFinite)) throw new RangeError("the features hold NaN or infinity");
  const covariance = { values: new Float64Array(columns * columns), rows: columns, columns };
  // Block by block: 10,000 rows of 2048 features and a transposed copy of them would take half a gigabyte.
  for (let from = 0; from < count; from += 1024) {
    const block = rowsAsMatrix(features, from, Math.min(count, from + 1024));
    const deviations = transpose(rowsAsMatrix(centred(block, mean)));
    rowProducts(deviations, deviations, true, covariance);
  }
  for (let i = 0; i < covariance.values.length; i++) covariance.values[i]! /= count - 1;
  return { mean, covariance, count };
}
