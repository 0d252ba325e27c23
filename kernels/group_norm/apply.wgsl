// y = (x - mean) / deviation * scale + offset, from the sums of an image's parts. const PARTS,
// EPSILON.

struct Uniforms {
  image_size: u32, // in Values
  channels: u32, // in Values
}

@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> sums: array<vec2f>;
@group(0) @binding(2) var<storage, read> scale: array<Value>;
@group(0) @binding(3) var<storage, read> offset: array<Value>;
@group(0) @binding(4) var<storage, read_write> y: array<Value>;
@group(0) @binding(5) var<uniform> u: Uniforms;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = group.y * u.image_size;
  var sum = vec2f(0.0);
  for (var part = 0u; part < PARTS; part++) {
    sum += sums[group.y * PARTS + part];
  }
  let size = f32(u.image_size) * f32(WIDTH);
  let shift = sum.x / size;
  let mean = first_of(x[first]) + shift;
  let variance = sum.y / size - shift * shift;
  // max() would lose a NaN.
  let inverse_deviation = inverseSqrt(select(variance, 0.0, variance < 0.0) + EPSILON);
  let end = min((group.x + 1) * 1024, u.image_size);
  for (var i = group.x * 1024 + thread; i < end; i += 256) {
    let channel = i % u.channels;
    y[first + i] = (x[first + i] - mean) * inverse_deviation * scale[channel] + offset[channel];
  }
}
