// Per image: its mean, 1 / deviation, and the means of g = dy scale and of g xHat; and its share in the gradients of
// scale and offset. const PARTS, EPSILON. One workgroup makes one image.

struct Uniforms {
  pixels: u32,
  channels: u32, // in Values
}

@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> sums: array<Value>; // [batch, PARTS, 4, channels]
@group(0) @binding(2) var<storage, read> scale: array<Value>;
@group(0) @binding(3) var<storage, read_write> statistics: array<vec4f>; // [batch]
@group(0) @binding(4) var<storage, read_write> shares: array<Value>; // [batch, 2, channels]
@group(0) @binding(5) var<uniform> u: Uniforms;

var<workgroup> partial: array<vec4f, 256>;

fn sum_of(image: u32, quantity: u32, channel: u32) -> Value {
  var sum = Value(0.0);
  for (var part = 0u; part < PARTS; part++) {
    sum += sums[((image * PARTS + part) * 4 + quantity) * u.channels + channel];
  }
  return sum;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let image = group.x;
  var found = vec4f(0.0);
  for (var channel = thread; channel < u.channels; channel += 256) {
    let g = sum_of(image, 0, channel);
    let gd = sum_of(image, 1, channel);
    found += vec4f(
      total_of(sum_of(image, 2, channel)),
      total_of(sum_of(image, 3, channel)),
      total_of(g * scale[channel]),
      total_of(gd * scale[channel]),
    );
    shares[(image * 2) * u.channels + channel] = gd;
    shares[(image * 2 + 1) * u.channels + channel] = g;
  }
  partial[thread] = found;
  for (var stride = 128u; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (thread < stride) {
      partial[thread] += partial[thread + stride];
    }
  }
  workgroupBarrier();
  let size = f32(u.pixels) * f32(u.channels) * f32(WIDTH);
  let means = partial[0] / size;
  let shift = means.x;
  let variance = means.y - shift * shift;
  let inverse_deviation = inverseSqrt(select(variance, 0.0, variance < 0.0) + EPSILON); // max() would lose a NaN.
  if (thread == 0) {
    let mean = first_of(x[image * u.pixels * u.channels]) + shift;
    statistics[image] = vec4f(mean, inverse_deviation, means.z, (means.w - shift * means.z) * inverse_deviation);
  }
  for (var channel = thread; channel < u.channels; channel += 256) {
    // sum(dy xHat), with xHat = (d - shift) / deviation; each thread wrote these channels itself.
    let at = (image * 2) * u.channels + channel;
    shares[at] = (shares[at] - shift * shares[at + u.channels]) * inverse_deviation;
  }
}
