// y = x * filter as a matrix product: rows are output pixels, columns output channels, depth filter taps with input
// channels. Neighbours are input channels in A, output channels in B.

fn a_index(batch: i32, row: i32, depth: i32) -> i32 {
  let tap = depth / u.inputs;
  let index = x_index(row, tap / u.filter_width, tap % u.filter_width, depth % u.inputs);
  return select(-1, index, row < u.rows && depth < u.depth);
}

fn b_index(batch: i32, depth: i32, column: i32) -> i32 {
  return select(-1, depth * u.columns + column, depth < u.depth && column < u.columns);
}
