// y = x * filter as a matrix product. Rows are output pixels, columns are output channels, depth is
// filter taps with input channels. Neighbours are input channels in A, output channels in B.

fn a_index(batch: i32, row: i32, depth: i32) -> i32 {
  let tap = depth / INPUTS;
  let index = x_index(row, tap / FILTER_WIDTH, tap % FILTER_WIDTH, depth % INPUTS);
  return select(-1, index, row < u.rows && depth < u.depth);
}

fn b_index(batch: i32, depth: i32, column: i32) -> i32 {
  return select(-1, depth * u.columns + column, depth < u.depth && column < u.columns);
}
