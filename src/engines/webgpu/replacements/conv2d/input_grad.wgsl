// dx as a matrix product. Rows are pixels of x, columns are input channels, depth is filter taps
// with output channels. Neighbours are output channels in both A and B.

fn a_index(batch: i32, row: i32, depth: i32) -> i32 {
  let tap = depth / OUTPUTS;
  let column_at = row % WIDTH + PADDING_LEFT - (tap % FILTER_WIDTH) * DILATION_ACROSS;
  let row_at = (row / WIDTH) % HEIGHT + PADDING_TOP - (tap / FILTER_WIDTH) * DILATION_DOWN;
  let y = row_at / STRIDE_DOWN;
  let x = column_at / STRIDE_ACROSS;
  let whole = y * STRIDE_DOWN == row_at && x * STRIDE_ACROSS == column_at;
  let inside = row_at >= 0 && y < OUTPUT_HEIGHT && column_at >= 0 && x < OUTPUT_WIDTH;
  let image = row / (WIDTH * HEIGHT);
  let index = ((image * OUTPUT_HEIGHT + y) * OUTPUT_WIDTH + x) * OUTPUTS + depth % OUTPUTS;
  return select(-1, index, whole && inside && row < u.rows && depth < u.depth);
}

fn b_index(batch: i32, depth: i32, column: i32) -> i32 {
  let index = ((depth / OUTPUTS) * INPUTS + column) * OUTPUTS + depth % OUTPUTS;
  return select(-1, index, depth < u.depth && column < u.columns);
}
