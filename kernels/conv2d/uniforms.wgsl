// A convolution's sizes; what are rows, columns and depth of the matrix product differs between its three forms.

struct Uniforms {
  rows: i32,
  columns: i32,
  depth: i32,
  split_depth: i32,
  splits: i32,
  height: i32, // of x
  width: i32,
  inputs: i32, // channels of x
  output_height: i32,
  output_width: i32,
  outputs: i32, // channels of y
  filter_height: i32,
  filter_width: i32,
  stride_down: i32,
  stride_across: i32,
  dilation_down: i32,
  dilation_across: i32,
  padding_top: i32,
  padding_left: i32,
}

// The element of x under tap (r, s) of output pixel number `pixel`, or -1 in the padding.
fn x_index(pixel: i32, r: i32, s: i32, channel: i32) -> i32 {
  let column = (pixel % u.output_width) * u.stride_across - u.padding_left + s * u.dilation_across;
  let row = ((pixel / u.output_width) % u.output_height) * u.stride_down - u.padding_top + r * u.dilation_down;
  let image = pixel / (u.output_width * u.output_height);
  let inside = row >= 0 && row < u.height && column >= 0 && column < u.width;
  return select(-1, ((image * u.height + row) * u.width + column) * u.inputs + channel, inside);
}
