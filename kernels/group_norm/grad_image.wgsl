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

var<workgroup> partial: array<vec2f, 256>;

fn sum_of(image: u32, quantity: u32, channel: u32) -> Value {
  var sum = Value(0.0);
  for (var part = 0u; part < PARTS; part++) {
    sum += sums[((image * PARTS + part) * 4 + quantity) * u.channels + channel];
  }
  return sum;
}

// The sum of the threads' numbers, for all of them.
fn reduce(thread: u32, found: vec2f) -> vec2f {
  workgroupBarrier();
  partial[thread] = found;
  for (var stride = 128u; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (thread < stride) {
      partial[thread] += partial[thread + stride];
    }
  }
  workgroupBarrier();
  return partial[0];
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let image = group.x;
  let size = f32(u.pixels) * f32(u.channels) * f32(WIDTH);
  var found = vec2f(0.0);
  for (var channel = thread; channel < u.channels; channel += 256) {
    found += vec2f(total_of(sum_of(image, 2, channel)), total_of(sum_of(image, 3, channel)));
  }
  let moments = reduce(thread, found) / size;
  let shift = moments.x;
  let variance = moments.y - shift * shift;
  let inverse_deviation = inverseSqrt(select(variance, 0.0, variance < 0.0) + EPSILON); // max() would lose a NaN.
  found = vec2f(0.0);
  for (var channel = thread; channel < u.channels; channel += 256) {
    let g = sum_of(image, 0, channel);
    // sum(dy xHat), with xHat = (d - shift) / deviation.
    let product = (sum_of(image, 1, channel) - shift * g) * inverse_deviation;
    found += vec2f(total_of(g * scale[channel]), total_of(product * scale[channel]));
    shares[(image * 2) * u.channels + channel] = product;
    shares[(image * 2 + 1) * u.channels + channel] = g;
  }
  let means = reduce(thread, found) / size;
  if (thread == 0) {
    let mean = first_of(x[image * u.pixels * u.channels]) + shift;
    statistics[image] = vec4f(mean, inverse_deviation, means);
  }
}
