// Mean and 1 / deviation of each doubled image, from its tiles' sums. const TILES: of an image; EPSILON.

struct Uniforms {
  size: u32, // numbers of a doubled image
}

@group(0) @binding(0) var<storage, read> sums: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> statistics: array<vec4f>;
@group(0) @binding(2) var<uniform> u: Uniforms;

var<workgroup> partial: array<vec2f, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = group.x * TILES;
  var found = vec2f(0.0);
  for (var i = thread; i < TILES; i += 256) {
    found += sums[first + i].xy;
  }
  partial[thread] = found;
  for (var stride = 128u; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (thread < stride) {
      partial[thread] += partial[thread + stride];
    }
  }
  if (thread == 0) {
    let means = partial[0] / f32(u.size);
    let variance = means.y - means.x * means.x;
    let inverse_deviation = inverseSqrt(select(variance, 0.0, variance < 0.0) + EPSILON); // max() would lose a NaN.
    statistics[group.x] = vec4f(sums[first].z + means.x, inverse_deviation, 0.0, 0.0);
  }
}
