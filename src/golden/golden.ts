/**
 * The golden cases: results of PyTorch, SciPy and torch-fidelity, for tests. `make_golden.py` made
 * them; its header and `cases.json` describe each case. They are imported, so tests of filters need
 * no permissions.
 */
import cases from "./cases.json" with { type: "json" };
import bytes from "./golden.safetensors" with { type: "bytes" };

/** A golden tensor in row-major order; images are N, C, H, W. */
export interface GoldenTensor {
  shape: number[];
  data: Float64Array;
}

/** One golden case. */
export interface GoldenCase {
  case: string;
  kind: string;
  // The parameters differ between kinds, and each test knows its own.
  // deno-lint-ignore no-explicit-any
  params: any;
  /** For {@link assertClose}. */
  tolerance: number;
  // The same holds for values that are no tensors.
  // deno-lint-ignore no-explicit-any
  values: any;
  tensors: Record<string, GoldenTensor>;
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const file = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const headerLength = Number(file.getBigUint64(0, true));
const header: Record<string, Entry> = JSON.parse(
  new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)),
);

const readers: Record<string, [number, (offset: number) => number]> = {
  F64: [8, (o) => file.getFloat64(o, true)],
  F32: [4, (o) => file.getFloat32(o, true)],
  I32: [4, (o) => file.getInt32(o, true)],
  U8: [1, (o) => file.getUint8(o)],
};

function goldenTensor(name: string): GoldenTensor {
  const entry = header[name];
  const reader = entry && readers[entry.dtype];
  if (!entry || !reader) {
    throw new Error(`there is no golden tensor ${name} of a known type`);
  }
  const [size, read] = reader;
  const start = 8 + headerLength + entry.data_offsets[0];
  const count = (entry.data_offsets[1] - entry.data_offsets[0]) / size;
  return {
    shape: entry.shape,
    data: Float64Array.from({ length: count }, (_, i) => read(start + i * size)),
  };
}

/** The golden cases of a kind, or all of them. */
export function goldenCases(kind?: string): GoldenCase[] {
  return cases.filter((row) => kind === undefined || row.kind === kind).map((row) => ({
    ...row,
    values: "values" in row ? row.values : {},
    tensors: Object.fromEntries(
      row.tensors.map((name) => [name, goldenTensor(`${row.case}/${name}`)]),
    ),
  }));
}

/** The golden case with a name. Throws if there is none. */
export function goldenCase(name: string): GoldenCase {
  const found = goldenCases().find((row) => row.case === name);
  if (!found) throw new Error(`no golden case ${name}`);
  return found;
}

/**
 * Throws if an element differs from the expected one by more than tolerance * max(1, |expected|).
 * NaN never passes.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = "values",
): void {
  if (actual.length !== expected.length) {
    throw new Error(`${what}: ${actual.length} elements, expected ${expected.length}`);
  }
  let worst = -1;
  let at = -1;
  for (let i = 0; i < expected.length; i++) {
    const e = expected[i]!;
    const off = Math.abs(actual[i]! - e) / Math.max(1, Math.abs(e));
    if (!(off <= worst)) {
      if (Number.isNaN(off)) throw new Error(`${what}: NaN at ${i}, expected ${e}`);
      worst = off;
      at = i;
    }
  }
  if (worst > tolerance) {
    throw new Error(
      `${what}: off by ${worst.toExponential(2)} at ${at} (${actual[at]}, expected ${
        expected[at]
      }); allowed ${tolerance}`,
    );
  }
}

/**
 * Numbers in [-1, 1) by the formula of make_golden.py, which filled PyTorch's weights and inputs in
 * the same way.
 */
export function formulaUniform(stream: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    let h = (Math.imul(stream, 0x9e3779b1) + i) >>> 0;
    h ^= h >>> 16;
    h = Math.imul(h, 0x7feb352d);
    h ^= h >>> 15;
    h = Math.imul(h, 0x846ca68b);
    h ^= h >>> 16;
    return (h >>> 0) / 2 ** 31 - 1;
  });
}

/**
 * The weights of a parameter by the formula, in PyTorch's shape and row-major order.
 *
 * @param index the parameter's position in the state dict
 */
export function formulaWeights(index: number, name: string, shape: number[]): Float32Array {
  const count = shape.reduce((a, b) => a * b, 1);
  const u = formulaUniform(index, count);
  if (shape.length >= 2) return Float32Array.from(u, (v) => v * Math.sqrt(3 / (count / shape[0]!)));
  if (name.endsWith("running_var")) return Float32Array.from(u, (v) => 1 + 0.5 * Math.abs(v));
  if (name.endsWith("weight")) return Float32Array.from(u, (v) => 1 + 0.1 * v);
  return Float32Array.from(u, (v) => 0.1 * v);
}
