// Filtered halving, and the gradient of filtered doubling. Per axis:
// y[i] = sum over taps a of lowpass[a] x[2 i + SIGN (a - PADDING)]
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
  for (var a = 0; a < TAPS; a++) {
    let source_row = 2 * row + SIGN * (a - PADDING);
    if (source_row < 0 || source_row >= height) {
      continue;
    }
    for (var b = 0; b < TAPS; b++) {
      let source_column = 2 * column + SIGN * (b - PADDING);
      if (source_column < 0 || source_column >= width) {
        continue;
      }
      let source = u32((image * height + source_row) * width + source_column) * u.channels + channel;
      sum += lowpass[a * TAPS + b] * x[source];
    }
  }
  y[index] = sum;
}
