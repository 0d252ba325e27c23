// dx as a matrix product: rows are pixels of x, columns input channels, depth filter taps with output channels.
// Neighbours are output channels in both.

fn a_index(batch: i32, row: i32, depth: i32) -> i32 {
  let tap = depth / u.outputs;
  let column_at = row % u.width + u.padding_left - (tap % u.filter_width) * u.dilation_across;
  let row_at = (row / u.width) % u.height + u.padding_top - (tap / u.filter_width) * u.dilation_down;
  let y = row_at / u.stride_down;
  let x = column_at / u.stride_across;
  let whole = y * u.stride_down == row_at && x * u.stride_across == column_at;
  let inside = row_at >= 0 && y < u.output_height && column_at >= 0 && x < u.output_width;
  let image = row / (u.width * u.height);
  let index = ((image * u.output_height + y) * u.output_width + x) * u.outputs + depth % u.outputs;
  return select(-1, index, whole && inside && row < u.rows && depth < u.depth);
}

fn b_index(batch: i32, depth: i32, column: i32) -> i32 {
  let index = ((depth / u.outputs) * u.inputs + column) * u.outputs + depth % u.outputs;
  return select(-1, index, depth < u.depth && column < u.columns);
}
