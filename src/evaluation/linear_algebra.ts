/**
 * The few float64 matrix operations that the Frechet distance needs, fast enough for 2048 columns:
 * products of rows, a factor of a positive semi-definite matrix, and the eigenvalues of a symmetric
 * one. All matrices are row-major.
 *
 * References: Golub and Van Loan, "Matrix Computations" (4th edition), 4.2.8 (Cholesky with
 * pivoting), 8.3.1 (Householder tridiagonalization) and 8.3.3 (the implicit QL step, as in
 * EISPACK's tql1); Higham, "Analysis of the Cholesky decomposition of a semi-definite matrix"
 * (1990), for why pivoting suits covariances without full rank.
 */
import { freeArray } from "../formats/tensors.ts";

/** A dense matrix of float64, row-major. */
export interface Matrix {
  values: Float64Array;
  rows: number;
  columns: number;
}

/**
 * x yᵀ: the inner product of every row of x with every row of y.
 *
 * @param x rows x columns
 * @param y any number of rows, as many columns as x
 * @param symmetric the result is known to be symmetric, so only its lower half is computed and then
 * mirrored
 * @param sum the matrix to add the products to; zeros by default. It is modified and returned
 */
export function rowProducts(
  x: Matrix,
  y: Matrix,
  symmetric: boolean = x === y,
  sum: Matrix = { values: new Float64Array(x.rows * y.rows), rows: x.rows, columns: y.rows },
): Matrix {
  const { values: a, rows, columns } = x;
  const b = y.values;
  const across = y.rows;
  const out = sum.values;
  // Columns in panels that stay in the cache; 2 x 4 sums in registers, because V8 does not
  // vectorize.
  const panel = 256;
  for (let from = 0; from < columns; from += panel) {
    const to = Math.min(columns, from + panel);
    for (let j = 0; j < across; j += 4) {
      const tile = Math.min(4, across - j);
      const b0 = j * columns;
      const b1 = (j + Math.min(1, tile - 1)) * columns;
      const b2 = (j + Math.min(2, tile - 1)) * columns;
      const b3 = (j + tile - 1) * columns;
      for (let i = symmetric ? j & ~1 : 0; i < rows; i += 2) {
        const pair = i + 1 < rows;
        const a0 = i * columns;
        const a1 = pair ? a0 + columns : a0;
        let s00 = 0;
        let s01 = 0;
        let s02 = 0;
        let s03 = 0;
        let s10 = 0;
        let s11 = 0;
        let s12 = 0;
        let s13 = 0;
        for (let k = from; k < to; k++) {
          const u = a[a0 + k]!;
          const v = a[a1 + k]!;
          const w0 = b[b0 + k]!;
          const w1 = b[b1 + k]!;
          const w2 = b[b2 + k]!;
          const w3 = b[b3 + k]!;
          s00 += u * w0;
          s01 += u * w1;
          s02 += u * w2;
          s03 += u * w3;
          s10 += v * w0;
          s11 += v * w1;
          s12 += v * w2;
          s13 += v * w3;
        }
        const o0 = i * across + j;
        const o1 = o0 + across;
        out[o0]! += s00;
        if (tile > 1) out[o0 + 1]! += s01;
        if (tile > 2) out[o0 + 2]! += s02;
        if (tile > 3) out[o0 + 3]! += s03;
        if (!pair) continue;
        out[o1]! += s10;
        if (tile > 1) out[o1 + 1]! += s11;
        if (tile > 2) out[o1 + 2]! += s12;
        if (tile > 3) out[o1 + 3]! += s13;
      }
    }
  }
  if (symmetric) {
    for (let i = 0; i < rows; i++) {
      for (let j = i + 1; j < across; j++) out[i * across + j] = out[j * across + i]!;
    }
  }
  return sum;
}

/** The transpose. */
export function transpose(x: Matrix): Matrix {
  const { rows, columns } = x;
  const out = new Float64Array(rows * columns);
  const tile = 32;
  for (let i0 = 0; i0 < rows; i0 += tile) {
    for (let j0 = 0; j0 < columns; j0 += tile) {
      const i1 = Math.min(rows, i0 + tile);
      const j1 = Math.min(columns, j0 + tile);
      for (let i = i0; i < i1; i++) {
        for (let j = j0; j < j1; j++) out[j * rows + i] = x.values[i * columns + j]!;
      }
    }
  }
  return { values: out, rows: columns, columns: rows };
}

/**
 * A factor U with Uᵀ U = s, with as many rows as the rank of s. Pivoting takes the largest
 * remaining variance first and stops when only rounding is left, so that neither a low rank nor a
 * bad condition does harm.
 *
 * @param s symmetric, positive semi-definite up to rounding
 */
export function semidefiniteFactor(s: Matrix): Matrix {
  const n = s.rows;
  const left = Float64Array.from({ length: n }, (_, i) => s.values[i * n + i]!);
  const floor = n * Number.EPSILON * left.reduce((a, b) => Math.max(a, b), 0);
  const u = new Float64Array(n * n);
  let rank = 0;
  for (; rank < n; rank++) {
    let pivot = 0;
    for (let j = 1; j < n; j++) if (left[j]! > left[pivot]!) pivot = j;
    if (!(left[pivot]! > floor)) break;
    const row = u.subarray(rank * n, rank * n + n);
    row.set(s.values.subarray(pivot * n, pivot * n + n));
    let k = 0;
    for (; k + 3 < rank; k += 4) {
      const o0 = k * n;
      const o1 = o0 + n;
      const o2 = o1 + n;
      const o3 = o2 + n;
      const c0 = u[o0 + pivot]!;
      const c1 = u[o1 + pivot]!;
      const c2 = u[o2 + pivot]!;
      const c3 = u[o3 + pivot]!;
      for (let j = 0; j < n; j++) {
        row[j]! -= c0 * u[o0 + j]! + c1 * u[o1 + j]! + c2 * u[o2 + j]! + c3 * u[o3 + j]!;
      }
    }
    for (; k < rank; k++) {
      const o = k * n;
      const c = u[o + pivot]!;
      for (let j = 0; j < n; j++) row[j]! -= c * u[o + j]!;
    }
    const scale = 1 / Math.sqrt(left[pivot]!);
    for (let j = 0; j < n; j++) {
      // Columns that were pivots are zero below their own row; anything there is rounding.
      if (left[j] === -Infinity) row[j] = 0;
      else {
        row[j]! *= scale;
        left[j]! -= row[j]! * row[j]!;
      }
    }
    left[pivot] = -Infinity;
  }
  return { values: u.subarray(0, rank * n), rows: rank, columns: n };
}

/** The eigenvalues of a symmetric matrix, in no particular order. Reads only the upper triangle. */
export function symmetricEigenvalues(s: Matrix): Float64Array {
  const { diagonal, beside } = tridiagonalize(s);
  return tridiagonalEigenvalues(diagonal, beside);
}

/** Householder's reduction to a tridiagonal matrix with the same eigenvalues. */
function tridiagonalize(s: Matrix): { diagonal: Float64Array; beside: Float64Array } {
  const n = s.rows;
  const a = s.values.slice();
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(Math.max(0, n - 1));
  // The update by (v, w) of one step is applied while the next step multiplies the matrix by its
  // own vector. The matrix then passes through memory once per step instead of twice.
  let v = new Float64Array(n);
  let w = new Float64Array(n);
  let nextV = new Float64Array(n);
  let nextW = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const top = k * n;
    const vk = v[k]!;
    const wk = w[k]!;
    for (let j = k; j < n; j++) a[top + j]! -= vk * w[j]! + wk * v[j]!;
    diagonal[k] = a[top + k]!;
    if (k + 1 === n) break;
    // The reflection that leaves one element of the row next to the diagonal.
    let scale = 0;
    for (let j = k + 1; j < n; j++) scale = Math.max(scale, Math.abs(a[top + j]!));
    let tail = 0;
    for (let j = k + 2; j < n; j++) tail += (a[top + j]! / scale) ** 2;
    const reflect = scale > 0 && tail > 0;
    let tau = 0;
    if (reflect) {
      const first = a[top + k + 1]! / scale;
      const norm = Math.sqrt(first * first + tail);
      const lead = first + (first < 0 ? -norm : norm);
      beside[k] = (first < 0 ? norm : -norm) * scale;
      for (let j = k + 1; j < n; j++) nextV[j] = a[top + j]! / scale;
      nextV[k + 1] = lead;
      tau = 2 / (lead * lead + tail);
    } else {
      beside[k] = a[top + k + 1]!;
      nextV.fill(0);
    }
    nextW.fill(0, k + 1);
    for (let i = k + 1; i < n; i++) {
      const o = i * n;
      const vi = v[i]!;
      const wi = w[i]!;
      const xi = nextV[i]!;
      let sum = 0;
      const corner = a[o + i]! - 2 * vi * wi;
      a[o + i] = corner;
      for (let j = i + 1; j < n; j++) {
        const value = a[o + j]! - vi * w[j]! - wi * v[j]!;
        a[o + j] = value;
        sum += value * nextV[j]!;
        nextW[j]! += value * xi;
      }
      nextW[i]! += sum + corner * xi;
    }
    let projection = 0;
    for (let j = k + 1; j < n; j++) projection += nextW[j]! * nextV[j]!;
    const half = tau * tau * projection / 2;
    for (let j = k + 1; j < n; j++) nextW[j] = tau * nextW[j]! - half * nextV[j]!;
    [v, nextV] = [nextV, v];
    [w, nextW] = [nextW, w];
  }
  freeArray(a);
  return { diagonal, beside };
}

/** The implicit QL iteration, without eigenvectors. */
function tridiagonalEigenvalues(diagonal: Float64Array, beside: Float64Array): Float64Array {
  const n = diagonal.length;
  const d = diagonal;
  const e = new Float64Array(n);
  e.set(beside);
  for (let l = 0; l < n; l++) {
    for (let turn = 0;; turn++) {
      let m = l;
      while (
        m + 1 < n && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))
      ) m++;
      if (m === l) break;
      if (turn === 60) {
        throw new Error("the eigenvalues did not converge; does the matrix hold NaN or infinity?");
      }
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
      }
      if (r === 0 && i >= l) continue;
      d[l]! -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  return d;
}
