// The meaning of the matrix product's rows, columns and depth differs between the three forms of a
// convolution. The convolution's sizes are constants, because locating each element takes several
// divisions by them.
// const HEIGHT, WIDTH, INPUTS (of x), OUTPUT_HEIGHT, OUTPUT_WIDTH, OUTPUTS (of y), FILTER_WIDTH,
// STRIDE_DOWN, STRIDE_ACROSS, DILATION_DOWN, DILATION_ACROSS, PADDING_TOP, PADDING_LEFT.

// The index of x's element under tap (r, s) of output pixel `pixel`, or -1 in the padding.
fn x_index(pixel: i32, r: i32, s: i32, channel: i32) -> i32 {
  let column = (pixel % OUTPUT_WIDTH) * STRIDE_ACROSS - PADDING_LEFT + s * DILATION_ACROSS;
  let row = ((pixel / OUTPUT_WIDTH) % OUTPUT_HEIGHT) * STRIDE_DOWN - PADDING_TOP + r * DILATION_DOWN;
  let image = pixel / (OUTPUT_WIDTH * OUTPUT_HEIGHT);
  let inside = row >= 0 && row < HEIGHT && column >= 0 && column < WIDTH;
  return select(-1, ((image * HEIGHT + row) * WIDTH + column) * INPUTS + channel, inside);
}
