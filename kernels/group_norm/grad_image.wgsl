// Per image: its mean, 1 / deviation, the means of g = dy scale and of g xHat, and its contribution
// to the gradients of scale and offset. One workgroup per image. const PARTS, EPSILON.

struct Uniforms {
  pixels: u32,
  channels: u32, // in Values
}

@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> sums: array<Value>; // [batch, PARTS, 4, channels]
@group(0) @binding(3) var<storage, read> scale: array<Value>;
@group(0) @binding(4) var<storage, read_write> statistics: array<vec4f>; // [batch]
@group(0) @binding(5) var<storage, read_write> shares: array<Value>; // [batch, 2, channels]
@group(0) @binding(6) var<uniform> u: Uniforms;

var<workgroup> partial: array<vec2f, 256>;

fn sum_of(image: u32, quantity: u32, channel: u32) -> Value {
  var sum = Value(0.0);
  for (var part = 0u; part < PARTS; part++) {
    sum += sums[((image * PARTS + part) * 4 + quantity) * u.channels + channel];
  }
  return sum;
}

// The means over the image of the values that its threads found.
fn means_of(thread: u32, found: vec2f) -> vec2f {
  workgroupBarrier();
  partial[thread] = found;
  for (var stride = 128u; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (thread < stride) {
      partial[thread] += partial[thread + stride];
    }
  }
  workgroupBarrier();
  return partial[0] / (f32(u.pixels) * f32(u.channels) * f32(WIDTH));
}

// Tests the bits, because a compiler may assume that no number is infinite or NaN.
fn is_finite(v: Value) -> bool {
  return (bitcast<u32>(total_of(abs(v))) & 0x7f800000) != 0x7f800000;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let image = group.x;
  let first = image * u.pixels * u.channels;
  var found = vec2f(0.0);
  for (var channel = thread; channel < u.channels; channel += 256) {
    found += vec2f(total_of(sum_of(image, 2, channel)), total_of(sum_of(image, 3, channel)));
  }
  let distances = means_of(thread, found);
  let shift = distances.x;
  let mean = first_of(x[first]) + shift;
  let variance = distances.y - shift * shift;
  // max() would lose a NaN.
  let inverse_deviation = inverseSqrt(select(variance, 0.0, variance < 0.0) + EPSILON);
  found = vec2f(0.0);
  for (var channel = thread; channel < u.channels; channel += 256) {
    let sum = sum_of(image, 0, channel);
    // The sum of dy (x - mean), because d - shift = x - mean.
    var product = sum_of(image, 1, channel) - shift * sum;
    if (!is_finite(product)) {
      // An infinite dy makes both terms infinite, or 0 d NaN where x is the pivot. Only the
      // definition gives the right result.
      product = Value(0.0);
      for (var pixel = 0u; pixel < u.pixels; pixel++) {
        let i = first + pixel * u.channels + channel;
        product += dy[i] * (x[i] - mean);
      }
    }
    product *= inverse_deviation;
    shares[(image * 2) * u.channels + channel] = product;
    shares[(image * 2 + 1) * u.channels + channel] = sum;
    found += vec2f(total_of(sum * scale[channel]), total_of(product * scale[channel]));
  }
  let means = means_of(thread, found);
  if (thread == 0) {
    statistics[image] = vec4f(mean, inverse_deviation, means);
  }
}
