// Where the elements of a matrix product are. const TRANSPOSE_A, TRANSPOSE_B (0 or 1). u.a_stride
// and u.b_stride are the distances between matrices of the batch; 0 means the same matrix for all.

fn a_index(batch: i32, row: i32, depth: i32) -> i32 {
  let index = select(row * u.depth + depth, depth * u.rows + row, TRANSPOSE_A == 1);
  return select(-1, batch * u.a_stride + index, row < u.rows && depth < u.depth);
}

fn b_index(batch: i32, depth: i32, column: i32) -> i32 {
  let index = select(depth * u.columns + column, column * u.depth + depth, TRANSPOSE_B == 1);
  return select(-1, batch * u.b_stride + index, column < u.columns && depth < u.depth);
}
