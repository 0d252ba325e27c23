// Combines the tiles' sums. Each of the first workgroups adds the means of g and g xHat to the
// statistics of one image. Each of the others computes the gradients of scale and offset for one
// Value of channels. const PLACES: tiles per image and channel.

struct Uniforms {
  batch: u32,
  channels: u32, // in Values
  size: u32, // numbers in a doubled image
}

@group(0) @binding(0) var<storage, read> statistics: array<vec2f>; // [batch]: mean, 1 / deviation
@group(0) @binding(1) var<storage, read> sums: array<Value>; // [batch, PLACES, channels, 2]
@group(0) @binding(2) var<storage, read> scale: array<Value>;
@group(0) @binding(3) var<storage, read_write> complete: array<vec4f>; // [batch]
@group(0) @binding(4) var<storage, read_write> dscale: array<Value>;
@group(0) @binding(5) var<storage, read_write> doffset: array<Value>;
@group(0) @binding(6) var<uniform> u: Uniforms;

var<workgroup> scale_sums: array<Value, 256>;
var<workgroup> offset_sums: array<Value, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let image = group.x;
  let is_image = image < u.batch;
  let count = select(u.batch, u.channels, is_image) * PLACES;
  var scale_sum = Value(0.0);
  var offset_sum = Value(0.0);
  for (var i = thread; i < count; i += 256) {
    if (is_image) {
      let at = 2 * (image * count + i);
      let factor = scale[i % u.channels];
      scale_sum += sums[at] * factor;
      offset_sum += sums[at + 1] * factor;
    } else {
      let at = 2 * (i * u.channels + image - u.batch);
      scale_sum += sums[at];
      offset_sum += sums[at + 1];
    }
  }
  scale_sums[thread] = scale_sum;
  offset_sums[thread] = offset_sum;
  for (var stride = 128u; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (thread < stride) {
      scale_sums[thread] += scale_sums[thread + stride];
      offset_sums[thread] += offset_sums[thread + stride];
    }
  }
  if (thread > 0) {
    return;
  }
  if (is_image) {
    let means = vec2f(total_of(offset_sums[0]), total_of(scale_sums[0])) / f32(u.size);
    complete[image] = vec4f(statistics[image], means);
  } else {
    dscale[image - u.batch] = scale_sums[0];
    doffset[image - u.batch] = offset_sums[0];
  }
}
