// Matrix products on WebGPU for any kernel that can say where the elements of its factors are.
// Chooses the tile sizes, how to split a long depth into parts, and how to fetch four neighbours.
import type * as tf from "@tensorflow/tfjs";
import { sumMiddle } from "../sum.ts";
import { emptyTensor, unrolled, type WgslBackend } from "../../../../../kernels/shared/wgsl.ts";
import gemm from "./gemm.wgsl" with { type: "text" };

/** A factor of a product. */
export interface Factor {
  readonly tensor: tf.TensorInfo;
  /**
   * Whether neighbours in memory lie along the depth. Otherwise they lie along the rows of A or the
   * columns of B.
   */
  readonly alongDepth: boolean;
  /**
   * Whether four neighbours, aligned to a multiple of four, are always contiguous and in bounds.
   */
  readonly inFours: boolean;
}

/** A product of matrices, or of batches of matrices. */
export interface Product {
  readonly name: string;
  /** WGSL that defines the functions a_index and b_index. */
  readonly code: string;
  readonly constants?: Readonly<Record<string, number>>;
  readonly a: Factor;
  readonly b: Factor;
  readonly bias?: tf.TensorInfo;
  /** Whether negative results become zero, after the bias is added. */
  readonly relu?: boolean;
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Additional fields of `u`, for values that must not be constants. */
  readonly uniforms?: Readonly<Record<string, number>>;
  /** The result's shape. */
  readonly shape: readonly number[];
}

const tileDepth = 16;

/**
 * Whether groups of four are fetched along the depth and then transposed. Single elements can just
 * as well be fetched across it.
 */
function isTurned({ alongDepth, inFours }: Factor): boolean {
  return alongDepth && inFours;
}

/**
 * The WGSL that fetches one element of a factor, or four neighbours: in one access if they are
 * contiguous.
 */
function loader(name: "a" | "b", binding: number, factor: Factor): string {
  const parameters = name === "a" ? "row: i32, depth: i32" : "depth: i32, column: i32";
  const { inFours } = factor;
  const along = isTurned(factor) ? "depth" : name === "a" ? "row" : "column";
  const place = (i: number) => {
    const at = (axis: string) => axis === along && i > 0 ? `${axis} + ${i}` : axis;
    return name === "a"
      ? `batch, ${at("row")}, ${at("depth")}`
      : `batch, ${at("depth")}, ${at("column")}`;
  };
  const type = inFours ? "vec4f" : "f32";
  const declaration = `@group(0) @binding(${binding}) var<storage, read> ${name}: array<${type}>;`;
  if (inFours) {
    return `${declaration}
fn element_${name}(index: i32) -> f32 {
  return ${name}[index / 4][index % 4];
}
fn load_${name}(batch: i32, ${parameters}) -> vec4f {
  let index = ${name}_index(${place(0)});
  if (index < 0) {
    return vec4f(0.0);
  }
  return ${name}[index / 4];
}`;
  }
  const fetched = [0, 1, 2, 3].map((i) => `fetch_${name}(${name}_index(${place(i)}))`).join(", ");
  return `${declaration}
fn element_${name}(index: i32) -> f32 {
  return ${name}[index];
}
fn fetch_${name}(index: i32) -> f32 {
  if (index < 0) {
    return 0.0;
  }
  return element_${name}(index);
}
fn load_${name}(batch: i32, ${parameters}) -> vec4f {
  return vec4f(${fetched});
}`;
}

function finisher(bias: boolean, relu: boolean): string {
  const declaration = bias ? "@group(0) @binding(2) var<storage, read> bias: array<f32>;" : "";
  const value = bias ? "sum + bias[column]" : "sum";
  // max(value, 0) would lose a NaN, and so may a comparison that a compiler mistakes for it.
  return `${declaration}
fn finish(sum: f32, column: i32) -> f32 {
  let value = ${value};
  return ${relu ? "select(max(value, 0.0), value, has_nan(vec4f(value)))" : "value"};
}`;
}

const program = unrolled(gemm, { TILE_DEPTH: tileDepth });

/** Number of workgroups that keeps a GPU busy. */
const enoughTiles = 128;

/**
 * Threads per workgroup. If a tile needs fewer, several slices of the depth are summed in parallel.
 */
const threads = 256;

/** Below this depth, the slices would have too little to sum. */
const minSlicedDepth = 128;

/**
 * Chooses the tile sizes and into how many parts to split the depth. If there are few tiles,
 * smaller ones fill a GPU better. If even those are few and each would be a long sum, several
 * workgroups share one.
 */
function tilesOf({ batch, rows, columns, depth, bias, relu }: Product) {
  const few = batch * Math.ceil(rows / 64) * Math.ceil(columns / 64) < enoughTiles;
  const tileRows = few || rows <= 32 ? 32 : 64;
  const tileColumns = few || columns <= 32 ? 32 : 64;
  const tiles = batch * Math.ceil(rows / tileRows) * Math.ceil(columns / tileColumns);
  const parts = bias || relu || batch > 1
    ? 1
    : Math.min(64, Math.floor(2 * enoughTiles / tiles), Math.floor(depth / 1024));
  const slices = depth >= minSlicedDepth ? 16 * threads / (tileRows * tileColumns) : 1;
  const round = slices * tileDepth;
  const partDepth = Math.ceil(depth / Math.max(1, parts) / round) * round;
  return { tileRows, tileColumns, slices, partDepth, parts: Math.ceil(depth / partDepth) };
}

/** Computes the product. */
export function multiply(backend: WgslBackend, product: Product): tf.TensorInfo {
  const { name, code, a, b, bias, relu = false, batch, rows, columns, depth, shape } = product;
  const { tileRows, tileColumns, slices, partDepth, parts } = tilesOf(product);
  const down = Math.ceil(rows / tileRows);
  const across = Math.ceil(columns / tileColumns);
  const result = emptyTensor(backend, parts === 1 ? shape : [parts, rows, columns]);
  const reads = [a.tensor, b.tensor, ...(bias ? [bias] : [])];
  const uniforms = {
    rows,
    columns,
    depth,
    split_depth: partDepth,
    splits: parts,
    ...product.uniforms,
  };
  const struct = `struct Uniforms { ${
    Object.keys(uniforms).map((name) => `${name}: i32`).join(", ")
  } }`;
  backend.runWgsl({
    name,
    code: [
      struct,
      code,
      loader("a", 0, a),
      loader("b", 1, b),
      finisher(bias !== undefined, relu),
      program,
    ].join("\n"),
    constants: {
      ...product.constants,
      TILE_ROWS: tileRows,
      TILE_COLUMNS: tileColumns,
      TILE_DEPTH: tileDepth,
      SLICES: slices,
      A_ALONG_DEPTH: Number(isTurned(a)),
      B_ALONG_DEPTH: Number(isTurned(b)),
      OUT: reads.length,
    },
    reads,
    writes: [result],
    uniforms: Object.values(uniforms),
    workgroups: [down, across, batch * parts],
  });
  if (parts === 1) return result;
  const sum = sumMiddle(backend, result, [1, parts, rows * columns], shape);
  backend.disposeData(result.dataId);
  return sum;
}
