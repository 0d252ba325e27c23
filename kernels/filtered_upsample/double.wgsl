// Filtered doubling, and the gradient of filtered halving. Per axis:
// y[i] = sum over taps a of lowpass[a] x[s], where 2 s = i + SIGN (a - PADDING)
// Only taps with an integer s are visited (the polyphase form).
// One thread computes one pixel of one Value of channels. const TAPS, PADDING, SIGN: i32.

struct Uniforms {
  height: u32, // of x
  width: u32,
  output_height: u32,
  output_width: u32,
  channels: u32, // in Values
  size: u32, // of y, in Values
}

@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> lowpass: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;
@group(0) @binding(3) var<uniform> u: Uniforms;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = (group.y * groups.x + group.x) * 256 + thread;
  if (index >= u.size) {
    return;
  }
  let channel = index % u.channels;
  let pixel = index / u.channels;
  let column = i32(pixel % u.output_width);
  let row = i32((pixel / u.output_width) % u.output_height);
  let image = i32(pixel / (u.output_width * u.output_height));
  let height = i32(u.height);
  let width = i32(u.width);
  var sum = Value(0.0);
  // The first tap with an even position. In two's complement, a negative number's lowest bit is
  // right as well.
  for (var a = (row - SIGN * PADDING) & 1; a < TAPS; a += 2) {
    let source_row = (row + SIGN * (a - PADDING)) >> 1u;
    if (source_row < 0 || source_row >= height) {
      continue;
    }
    for (var b = (column - SIGN * PADDING) & 1; b < TAPS; b += 2) {
      let source_column = (column + SIGN * (b - PADDING)) >> 1u;
      if (source_column < 0 || source_column >= width) {
        continue;
      }
      let source = u32((image * height + source_row) * width + source_column) * u.channels + channel;
      sum += lowpass[a * TAPS + b] * x[source];
    }
  }
  y[index] = sum;
}
