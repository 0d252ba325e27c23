// Each image's share in the gradients of scale and offset, and its statistics with the means of g and g xHat added.
// const PLACES: tiles of an image and channel.

struct Uniforms {
  channels: u32, // in Values
  size: u32, // numbers of a doubled image
}

@group(0) @binding(0) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(1) var<storage, read> sums: array<Value>; // [batch, PLACES, channels, 2]
@group(0) @binding(2) var<storage, read> scale: array<Value>;
@group(0) @binding(3) var<storage, read_write> complete: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> scale_shares: array<Value>; // [batch, channels]
@group(0) @binding(5) var<storage, read_write> offset_shares: array<Value>; // [batch, channels]
@group(0) @binding(6) var<uniform> u: Uniforms;

var<workgroup> partial: array<vec2f, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  var found = vec2f(0.0);
  for (var channel = thread; channel < u.channels; channel += 256) {
    var scale_sum = Value(0.0);
    var offset_sum = Value(0.0);
    for (var place = 0u; place < PLACES; place++) {
      let at = ((group.x * PLACES + place) * u.channels + channel) * 2;
      scale_sum += sums[at];
      offset_sum += sums[at + 1];
    }
    scale_shares[group.x * u.channels + channel] = scale_sum;
    offset_shares[group.x * u.channels + channel] = offset_sum;
    found += vec2f(total_of(offset_sum * scale[channel]), total_of(scale_sum * scale[channel]));
  }
  partial[thread] = found;
  for (var stride = 128u; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (thread < stride) {
      partial[thread] += partial[thread + stride];
    }
  }
  if (thread == 0) {
    complete[group.x] = vec4f(statistics[group.x].xy, partial[0] / f32(u.size));
  }
}
