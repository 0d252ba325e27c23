// The matrix product that the matrix product itself and the three convolutions share: C = A B, tile by tile through
// workgroup memory, each thread making 4 x 4 numbers of C. What stands in front of it says where A's and B's elements
// lie (`a_index`, `b_index`: -1 outside), how one or four neighbours are fetched (`element_a`, `load_a`, ...), and what is
// done with a sum (`finish`). Sums over a long depth are cut into `splits` parts that a second dispatch adds up: no
// atomics, so the same bytes each time.
// const TILE_ROWS, TILE_COLUMNS, A_ALONG_DEPTH, B_ALONG_DEPTH (0 or 1: in which direction neighbours lie), OUT.

const TILE_DEPTH = 16;
const THREADS = TILE_ROWS * TILE_COLUMNS / 16;

@group(0) @binding(OUT) var<storage, read_write> c: array<f32>; // [batch, splits, rows, columns]
@group(0) @binding(OUT + 1) var<uniform> u: Uniforms;

var<workgroup> a_tile: array<vec4f, TILE_DEPTH * TILE_ROWS / 4>;
var<workgroup> b_tile: array<vec4f, TILE_DEPTH * TILE_COLUMNS / 4>;

// By the bits: a compiler may take it that there is no NaN.
fn has_nan(values: vec4f) -> bool {
  return any((bitcast<vec4u>(values) & vec4u(0x7fffffff)) > vec4u(0x7f800000));
}

// What lies outside is left out of a sum; in the tiles it is 0, which is the same unless the other factor is infinite or
// NaN. Then the sum is NaN, and is made again by this.
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

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread_index: u32) {
  let thread = i32(thread_index);
  let first_row = i32(group.x) * TILE_ROWS;
  let first_column = i32(group.y) * TILE_COLUMNS;
  let batch = i32(group.z) / u.splits;
  let start = (i32(group.z) % u.splits) * u.split_depth;
  let end = min(start + u.split_depth, u.depth);
  let thread_row = thread / (TILE_COLUMNS / 4);
  let thread_column = thread % (TILE_COLUMNS / 4);
  var sums: array<vec4f, 4>;
  for (var depth = start; depth < end; depth += TILE_DEPTH) {
    workgroupBarrier();
    for (var i = thread; i < TILE_ROWS * TILE_DEPTH / 4; i += THREADS) {
      if (A_ALONG_DEPTH == 1) {
        let d = 4 * (i % (TILE_DEPTH / 4));
        let row = i / (TILE_DEPTH / 4);
        let values = load_a(batch, first_row + row, depth + d);
        a_tile[d * TILE_ROWS / 4 + row / 4][row % 4] = values.x;
        a_tile[(d + 1) * TILE_ROWS / 4 + row / 4][row % 4] = values.y;
        a_tile[(d + 2) * TILE_ROWS / 4 + row / 4][row % 4] = values.z;
        a_tile[(d + 3) * TILE_ROWS / 4 + row / 4][row % 4] = values.w;
      } else {
        let row = 4 * (i % (TILE_ROWS / 4));
        let d = i / (TILE_ROWS / 4);
        a_tile[i] = load_a(batch, first_row + row, depth + d);
      }
    }
    for (var i = thread; i < TILE_COLUMNS * TILE_DEPTH / 4; i += THREADS) {
      if (B_ALONG_DEPTH == 1) {
        let d = 4 * (i % (TILE_DEPTH / 4));
        let column = i / (TILE_DEPTH / 4);
        let values = load_b(batch, depth + d, first_column + column);
        b_tile[d * TILE_COLUMNS / 4 + column / 4][column % 4] = values.x;
        b_tile[(d + 1) * TILE_COLUMNS / 4 + column / 4][column % 4] = values.y;
        b_tile[(d + 2) * TILE_COLUMNS / 4 + column / 4][column % 4] = values.z;
        b_tile[(d + 3) * TILE_COLUMNS / 4 + column / 4][column % 4] = values.w;
      } else {
        let column = 4 * (i % (TILE_COLUMNS / 4));
        let d = i / (TILE_COLUMNS / 4);
        b_tile[i] = load_b(batch, depth + d, first_column + column);
      }
    }
    workgroupBarrier();
    for (var d = 0; d < TILE_DEPTH; d++) {
      let a_values = a_tile[d * TILE_ROWS / 4 + thread_row];
      let b_values = b_tile[d * TILE_COLUMNS / 4 + thread_column];
      sums[0] += a_values.x * b_values;
      sums[1] += a_values.y * b_values;
      sums[2] += a_values.z * b_values;
      sums[3] += a_values.w * b_values;
    }
  }
  for (var i = 0; i < 4; i++) {
    let row = first_row + 4 * thread_row + i;
    if (row >= u.rows) {
      continue;
    }
    for (var j = 0; j < 4; j++) {
      let column = first_column + 4 * thread_column + j;
      if (column < u.columns) {
        c[(i32(group.z) * u.rows + row) * u.columns + column] = finish(sums[i][j], column);
      }
    }
  }
  if (!has_nan(sums[0]) && !has_nan(sums[1]) && !has_nan(sums[2]) && !has_nan(sums[3])) {
    return;
  }
  for (var i = 0; i < 16; i++) {
    let row = first_row + 4 * thread_row + i / 4;
    let column = first_column + 4 * thread_column + i % 4;
    if (row < u.rows && column < u.columns) {
      let sum = sum_inside(batch, row, column, start, end);
      c[(i32(group.z) * u.rows + row) * u.columns + column] = finish(sum, column);
    }
  }
}
