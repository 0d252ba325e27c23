// The matrix product C = A B, shared by matmul and the three convolution kernels. It goes tile by
// tile through workgroup memory, and each thread computes 4 x 4 numbers of C. The code in front of
// it defines where the elements of A and B are (`a_index`, `b_index`; -1 means outside), how to
// fetch one or four neighbours (`element_a`, `load_a`, ...), and what to do with a sum (`finish`).
//
// Sums over a long depth are split into `splits` parts, which a second dispatch adds up. There are
// no atomics, so every run gives the same bytes.
//
// SLICES groups of threads take turns at the tiles along the depth, and add up their sums at the
// end. If C is small there are few workgroups, and each must keep a whole processor busy.
//
// const TILE_ROWS, TILE_COLUMNS, TILE_DEPTH, SLICES, A_ALONG_DEPTH and B_ALONG_DEPTH (0 or 1: the
// direction in which neighbours lie), OUT; struct Uniforms: rows, columns, depth, split_depth,
// splits, and what a_index and b_index need.

const THREADS = TILE_ROWS * TILE_COLUMNS / 16; // per slice
const A_SIZE = TILE_DEPTH * TILE_ROWS / 4; // per tile of a slice
const B_SIZE = TILE_DEPTH * TILE_COLUMNS / 4;

@group(0) @binding(OUT) var<storage, read_write> c: array<f32>; // [batch, splits, rows, columns]
@group(0) @binding(OUT + 1) var<uniform> u: Uniforms;

var<workgroup> a_tile: array<vec4f, SLICES * A_SIZE>;
var<workgroup> b_tile: array<vec4f, SLICES * B_SIZE>;

// Tests the bits, because a compiler may assume that there is no NaN.
fn has_nan(values: vec4f) -> bool {
  return any((bitcast<vec4u>(values) & vec4u(0x7fffffff)) > vec4u(0x7f800000));
}

// Elements outside the matrices are left out of a sum. In the tiles they are 0, which is equivalent
// unless the other factor is infinite or NaN. Then the sum is NaN, and this function recomputes it.
fn sum_inside(batch: i32, row: i32, column: i32, start: i32, end: i32) -> f32 {
  var sum = 0.0;
  for (var depth = start; depth < end && !has_nan(vec4f(sum)); depth++) {
    let a_at = a_index(batch, row, depth);
    let b_at = b_index(batch, depth, column);
    if (a_at >= 0 && b_at >= 0) {
      sum += element_a(a_at) * element_b(b_at);
    }
  }
  return sum;
}

// Writes up to four sums of one row of C.
fn store(part: i32, row: i32, first_column: i32, sums: vec4f) {
  if (row >= u.rows) {
    return;
  }
  for (var j = 0; j < 4; j++) {
    let column = first_column + j;
    if (column < u.columns) {
      c[(part * u.rows + row) * u.columns + column] = finish(sums[j], column);
    }
  }
}

@compute @workgroup_size(SLICES * THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread_index: u32) {
  let thread = i32(thread_index) % THREADS;
  let slice = i32(thread_index) / THREADS;
  let a_first = slice * A_SIZE;
  let b_first = slice * B_SIZE;
  let first_row = i32(group.x) * TILE_ROWS;
  let first_column = i32(group.y) * TILE_COLUMNS;
  let part = i32(group.z);
  let batch = part / u.splits;
  let start = (part % u.splits) * u.split_depth;
  let end = min(start + u.split_depth, u.depth);
  let thread_row = thread / (TILE_COLUMNS / 4);
  let thread_column = thread % (TILE_COLUMNS / 4);
  var sums0 = vec4f(0.0);
  var sums1 = vec4f(0.0);
  var sums2 = vec4f(0.0);
  var sums3 = vec4f(0.0);
  for (var base = start; base < end; base += SLICES * TILE_DEPTH) {
    let depth = base + slice * TILE_DEPTH;
    workgroupBarrier();
    // Along the depth, a thread transposes 4 x 4 numbers, so that one thread writes each vector of
    // a tile as a whole: writing part of a vector may mean writing all of it. The first threads
    // transpose A, the last ones B.
    if (A_ALONG_DEPTH == 1) {
      if (thread < TILE_ROWS) {
        let d = 4 * (thread % (TILE_DEPTH / 4));
        let four = thread / (TILE_DEPTH / 4);
        let values0 = load_a(batch, first_row + 4 * four, depth + d);
        let values1 = load_a(batch, first_row + 4 * four + 1, depth + d);
        let values2 = load_a(batch, first_row + 4 * four + 2, depth + d);
        let values3 = load_a(batch, first_row + 4 * four + 3, depth + d);
        a_tile[a_first + d * (TILE_ROWS / 4) + four] = vec4f(values0.x, values1.x, values2.x, values3.x);
        a_tile[a_first + (d + 1) * (TILE_ROWS / 4) + four] = vec4f(values0.y, values1.y, values2.y, values3.y);
        a_tile[a_first + (d + 2) * (TILE_ROWS / 4) + four] = vec4f(values0.z, values1.z, values2.z, values3.z);
        a_tile[a_first + (d + 3) * (TILE_ROWS / 4) + four] = vec4f(values0.w, values1.w, values2.w, values3.w);
      }
    } else {
      for (var i = thread; i < TILE_ROWS * TILE_DEPTH / 4; i += THREADS) {
        a_tile[a_first + i] = load_a(batch, first_row + 4 * (i % (TILE_ROWS / 4)), depth + i / (TILE_ROWS / 4));
      }
    }
    if (B_ALONG_DEPTH == 1) {
      let turner = thread - (THREADS - TILE_COLUMNS);
      if (turner >= 0) {
        let d = 4 * (turner % (TILE_DEPTH / 4));
        let four = turner / (TILE_DEPTH / 4);
        let values0 = load_b(batch, depth + d, first_column + 4 * four);
        let values1 = load_b(batch, depth + d, first_column + 4 * four + 1);
        let values2 = load_b(batch, depth + d, first_column + 4 * four + 2);
        let values3 = load_b(batch, depth + d, first_column + 4 * four + 3);
        b_tile[b_first + d * (TILE_COLUMNS / 4) + four] = vec4f(values0.x, values1.x, values2.x, values3.x);
        b_tile[b_first + (d + 1) * (TILE_COLUMNS / 4) + four] = vec4f(values0.y, values1.y, values2.y, values3.y);
        b_tile[b_first + (d + 2) * (TILE_COLUMNS / 4) + four] = vec4f(values0.z, values1.z, values2.z, values3.z);
        b_tile[b_first + (d + 3) * (TILE_COLUMNS / 4) + four] = vec4f(values0.w, values1.w, values2.w, values3.w);
      }
    } else {
      for (var i = thread; i < TILE_COLUMNS * TILE_DEPTH / 4; i += THREADS) {
        b_tile[b_first + i] = load_b(batch, depth + i / (TILE_COLUMNS / 4), first_column + 4 * (i % (TILE_COLUMNS / 4)));
      }
    }
    workgroupBarrier();
    for (var d = 0; d < TILE_DEPTH; d++) {
      let a_values = a_tile[a_first + d * (TILE_ROWS / 4) + thread_row];
      let b_values = b_tile[b_first + d * (TILE_COLUMNS / 4) + thread_column];
      sums0 += a_values.x * b_values;
      sums1 += a_values.y * b_values;
      sums2 += a_values.z * b_values;
      sums3 += a_values.w * b_values;
    }
  }
  for (var other = 1; other < SLICES; other++) {
    workgroupBarrier();
    if (slice == other) {
      a_tile[thread] = sums0;
      a_tile[THREADS + thread] = sums1;
      b_tile[thread] = sums2;
      b_tile[THREADS + thread] = sums3;
    }
    workgroupBarrier();
    if (slice == 0) {
      sums0 += a_tile[thread];
      sums1 += a_tile[THREADS + thread];
      sums2 += b_tile[thread];
      sums3 += b_tile[THREADS + thread];
    }
  }
  if (slice > 0) {
    return;
  }
  let row = first_row + 4 * thread_row;
  let column = first_column + 4 * thread_column;
  store(part, row, column, sums0);
  store(part, row + 1, column, sums1);
  store(part, row + 2, column, sums2);
  store(part, row + 3, column, sums3);
  if (!has_nan(sums0) && !has_nan(sums1) && !has_nan(sums2) && !has_nan(sums3)) {
    return;
  }
  for (var i = 0; i < 16; i++) {
    let at_row = row + i / 4;
    let at_column = column + i % 4;
    if (at_row < u.rows && at_column < u.columns) {
      let sum = sum_inside(batch, at_row, at_column, start, end);
      c[(part * u.rows + at_row) * u.columns + at_column] = finish(sum, at_column);
    }
  }
}
