import { assert, assertEquals } from "@std/assert";
import { EigenvalueDecomposition, Matrix as Peer } from "ml-matrix";
import { assertClose, formulaUniform } from "../golden/golden.ts";
import { type FeatureStatistics, featureStatistics } from "./features.ts";
import { frechetDistance, frechetDistanceOfStatistics, frechetStandardError } from "./frechet.ts";
import { kernelDistance } from "./kernel.ts";
import {
  type Matrix,
  rowProducts,
  semidefiniteFactor,
  symmetricEigenvalues,
  transpose,
} from "./linear_algebra.ts";

const random = (stream: number, rows: number, columns: number): Matrix => ({
  values: formulaUniform(stream, rows * columns),
  rows,
  columns,
});
const product = (x: Matrix, y: Matrix) => rowProducts(x, transpose(y), false);
const ascending = (values: Float64Array) => values.slice().sort();

/** A random rotation: a product of reflections, and therefore orthogonal up to rounding. */
function orthogonal(stream: number, n: number): Matrix {
  const q = { values: new Float64Array(n * n), rows: n, columns: n };
  for (let i = 0; i < n; i++) q.values[i * n + i] = 1;
  for (let r = 0; r < n; r++) {
    const v = formulaUniform(stream + r, n);
    const square = v.reduce((s, x) => s + x * x, 0);
    for (let i = 0; i < n; i++) {
      let dot = 0;
      for (let j = 0; j < n; j++) dot += q.values[i * n + j]! * v[j]!;
      for (let j = 0; j < n; j++) q.values[i * n + j]! -= 2 * dot / square * v[j]!;
    }
  }
  return q;
}

/** q diag(eigenvalues) qᵀ, with a mean. */
function gaussian(q: Matrix, eigenvalues: number[], mean = 0): FeatureStatistics {
  const n = q.rows;
  const scaled = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) scaled[i * n + j] = q.values[i * n + j]! * eigenvalues[j]!;
  }
  const covariance = rowProducts({ ...q, values: scaled }, q, true);
  return { mean: new Float64Array(n).fill(mean), covariance, count: 1000 };
}

/** The distance of two Gaussians with common axes, which is a sum over the axes. */
const distanceOnAxes = (a: number[], b: number[], offset: number) =>
  a.reduce((sum, v, i) => sum + (Math.sqrt(v) - Math.sqrt(b[i]!)) ** 2 + offset * offset, 0);

Deno.test("products of rows are right for all remainders of the tiles", () => {
  for (
    const [rows, across, columns] of [[1, 1, 1], [2, 3, 5], [3, 2, 257], [5, 7, 300], [8, 8, 512], [
      7,
      6,
      3,
    ]]
  ) {
    const x = random(1, rows!, columns!);
    const y = random(2, across!, columns!);
    const peer = new Peer(to2d(x)).mmul(new Peer(to2d(y)).transpose());
    assertClose(rowProducts(x, y).values, peer.to1DArray(), 1e-12);
    assertClose(
      rowProducts(x, x).values,
      new Peer(to2d(x)).mmul(new Peer(to2d(x)).transpose()).to1DArray(),
      1e-12,
    );
    assertEquals(transpose(transpose(x)), x);
  }
});

const to2d = (x: Matrix) =>
  Array.from(
    { length: x.rows },
    (_, i) => [...x.values.subarray(i * x.columns, (i + 1) * x.columns)],
  );

Deno.test("eigenvalues equal ml-matrix's", () => {
  for (const n of [1, 2, 3, 10, 61]) {
    const x = random(n, n, n);
    const s = rowProducts(x, x);
    const peer =
      new EigenvalueDecomposition(new Peer(to2d(s)), { assumeSymmetric: true }).realEigenvalues;
    assertClose(
      ascending(symmetricEigenvalues(s)),
      ascending(Float64Array.from(peer)),
      1e-11,
      `n = ${n}`,
    );
  }
});

Deno.test("eigenvalues of matrices that need no reflection, and of zero", () => {
  const diagonal = { values: Float64Array.of(3, 0, 0, 0, -1, 0, 0, 0, 2), rows: 3, columns: 3 };
  assertClose(ascending(symmetricEigenvalues(diagonal)), [-1, 2, 3], 0);
  assertClose(symmetricEigenvalues({ values: new Float64Array(16), rows: 4, columns: 4 }), [
    0,
    0,
    0,
    0,
  ], 0);
});

Deno.test("the factor of a semi-definite matrix has its rank and reproduces it", () => {
  for (const rank of [1, 7, 30]) {
    const half = random(rank, 30, rank);
    const s = rowProducts(half, half);
    const u = semidefiniteFactor(s);
    assertEquals(u.rows, rank);
    assertClose(product(transpose(u), u).values, s.values, 1e-13 * 30);
  }
  assertEquals(semidefiniteFactor({ values: new Float64Array(9), rows: 3, columns: 3 }).rows, 0);
});

Deno.test("the Frechet distance of Gaussians with common axes is the sum over the axes", () => {
  const n = 40;
  const q = orthogonal(100, n);
  const a = Array.from({ length: n }, (_, i) => 1 + i);
  const b = Array.from({ length: n }, (_, i) => 2 + (i * 7) % n);
  const found = frechetDistanceOfStatistics(gaussian(q, a), gaussian(q, b, 0.5));
  assertClose([found], [distanceOnAxes(a, b, 0.5)], 1e-12);
});

Deno.test("the Frechet distance of ill-conditioned covariances", () => {
  // Condition 1e18. A rounding error of 1e-16 in an eigenvalue of the product is 1e-8 in its root,
  // for each of 40 axes.
  const n = 40;
  const q = orthogonal(200, n);
  const a = Array.from({ length: n }, (_, i) => 10 ** (-18 * i / n));
  const b = a.map((v, i) => v * (1 + i % 3));
  const found = frechetDistanceOfStatistics(gaussian(q, a), gaussian(q, b));
  assertClose([found], [distanceOnAxes(a, b, 0)], 2 * n * 1e-8);
});

Deno.test("the Frechet distance of covariances without full rank, with different null spaces", () => {
  const n = 40;
  const q = orthogonal(300, n);
  const a = Array.from({ length: n }, (_, i) => i < 15 ? 1 + i : 0);
  const b = a.map((_, i) => i > 9 ? 3 + i % 5 : 0);
  const found = frechetDistanceOfStatistics(gaussian(q, a), gaussian(q, b, 0.1));
  assertClose([found], [distanceOnAxes(a, b, 0.1)], 2 * n * 1e-7);
});

Deno.test("the Frechet distance of fewer rows than columns is 0 to itself, and to a shifted copy that of the offset", () => {
  const values = formulaUniform(5, 10 * 50);
  const moved = values.map((v) => v + 0.2);
  assertClose([frechetDistance({ values, columns: 50 }, { values, columns: 50 })], [0], 1e-6);
  assertClose([frechetDistance({ values, columns: 50 }, { values: moved, columns: 50 })], [
    50 * 0.04,
  ], 1e-6);
});

Deno.test("standard errors match those of fresh draws of the first set", () => {
  const columns = 6;
  const rows = 200;
  const reference = { values: formulaUniform(900, 1000 * columns), columns };
  const statistics = featureStatistics(reference);
  const draws = Array.from({ length: 60 }, (_, i) => ({
    values: formulaUniform(1000 + i, rows * columns).map((v, at) =>
      v * (at % columns === 0 ? 1.5 : 1) + 0.1
    ),
    columns,
  }));
  const compare = (name: string, figures: number[], errors: number[]) => {
    const mean = figures.reduce((a, b) => a + b) / figures.length;
    const spread = Math.sqrt(
      figures.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (figures.length - 1),
    );
    const error = errors.reduce((a, b) => a + b) / errors.length;
    // 60 draws give their standard deviation to about 9 %.
    assert(
      Math.abs(error / spread - 1) < 0.3,
      `${name}: error ${error}, spread of fresh draws ${spread}`,
    );
  };
  compare(
    "Frechet",
    draws.map((draw) => frechetDistance(draw, reference)),
    draws.map((draw) => frechetStandardError(draw, statistics)),
  );
  const kernels = draws.slice(0, 40).map((draw) =>
    kernelDistance(draw, reference, { subsets: 1, subsetSize: 2 })
  );
  compare("kernel", kernels.map((k) => k.allRows), kernels.map((k) => k.standardError));
});

Deno.test("statistics and kernel sums are the same in blocks, and from float32", () => {
  const columns = 3;
  const rows = 2100;
  const values = formulaUniform(50, rows * columns);
  const { mean, covariance } = featureStatistics({ values, columns });
  const expected = new Float64Array(columns * columns);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < 9; i++) {
      const a = Math.floor(i / 3);
      const b = i % 3;
      expected[i]! += (values[r * 3 + a]! - mean[a]!) * (values[r * 3 + b]! - mean[b]!) /
        (rows - 1);
    }
  }
  assertClose(covariance.values, expected, 1e-13);
  const y = { values: formulaUniform(51, 300).map((v) => v + 0.1), columns };
  const kernel = (i: number, j: number) => {
    let dot = 0;
    for (let c = 0; c < 3; c++) dot += values[i * 3 + c]! * values[j * 3 + c]!;
    return (dot / 3 + 1) ** 3;
  };
  let within = 0;
  for (let i = 0; i < rows; i++) for (let j = 0; j < rows; j++) if (i !== j) within += kernel(i, j);
  // Against itself, the estimate is the mean within, minus that of all pairs.
  let diagonal = 0;
  for (let i = 0; i < rows; i++) diagonal += kernel(i, i);
  const itself = 2 * within / (rows * (rows - 1)) - 2 * (within + diagonal) / (rows * rows);
  const copy = { values: values.slice(), columns };
  assertClose([kernelDistance({ values, columns }, copy, { subsets: 1, subsetSize: 2 }).allRows], [
    itself,
  ], 1e-12);
  const single = { values: Float32Array.from(values), columns };
  assertClose([frechetDistance(single, y)], [frechetDistance({ values, columns }, y)], 1e-6);
  const options = { subsets: 3, subsetSize: 50 };
  assertClose([kernelDistance(single, y, options).mean], [
    kernelDistance({ values, columns }, y, options).mean,
  ], 1e-6);
});

Deno.test("the error of a few resampled rows is scaled to all of them", () => {
  const a = { values: formulaUniform(40, 4000 * 4), columns: 4 };
  const b = featureStatistics({
    values: formulaUniform(41, 500 * 4).map((v) => v + 0.3),
    columns: 4,
  });
  const all = frechetStandardError(a, b, { rows: 4000, replicates: 100 });
  const some = frechetStandardError(a, b, { rows: 1000, replicates: 100 });
  assert(Math.abs(some / all - 1) < 0.35, `${some} beside ${all}`);
});
