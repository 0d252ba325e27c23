// The gradient of LayerNorm: dx = (g - mean(g) - xHat mean(g xHat)) / deviation with g = dy scale,
// and each workgroup's contribution to the gradients of scale and offset. LANES threads share a
// row. A workgroup handles ROWS rows at a time, and every GROUPS-th such block of rows. const
// LANES, ROWS = 256 / LANES, PER_LANE = ceil(channels / LANES), GROUPS, EPSILON.

struct Uniforms {
  rows: u32,
  channels: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;
@group(0) @binding(4) var<storage, read_write> shares: array<f32>; // [GROUPS, 2, channels]
@group(0) @binding(5) var<uniform> u: Uniforms;

var<workgroup> partial: array<vec2f, 256>;

// The sums over the threads that share this thread's row.
fn row_sums(thread: u32, values: vec2f) -> vec2f {
  workgroupBarrier();
  partial[thread] = values;
  for (var stride = LANES / 2; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (i32(thread % LANES) < stride) {
      partial[thread] += partial[thread + u32(stride)];
    }
  }
  workgroupBarrier();
  return partial[thread - thread % LANES];
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let lane = thread % LANES;
  let channels = f32(u.channels);
  var scale_share: array<f32, PER_LANE>;
  var offset_share: array<f32, PER_LANE>;
  for (var piece = group.x * ROWS; piece < u.rows; piece += GROUPS * ROWS) {
    let row = piece + thread / LANES;
    let first = row * u.channels;
    let end = select(0, u.channels, row < u.rows);
    var sum = 0.0;
    for (var c = lane; c < end; c += LANES) {
      sum += x[first + c];
    }
    let mean = row_sums(thread, vec2f(sum, 0.0)).x / channels;
    var squares = 0.0;
    for (var c = lane; c < end; c += LANES) {
      let d = x[first + c] - mean;
      squares += d * d;
    }
    let inverse_deviation = inverseSqrt(row_sums(thread, vec2f(squares, 0.0)).x / channels + EPSILON);
    var sums = vec2f(0.0);
    var i = 0;
    for (var c = lane; c < end; c += LANES) {
      let x_hat = (x[first + c] - mean) * inverse_deviation;
      let gradient = dy[first + c];
      sums += gradient * scale[c] * vec2f(1.0, x_hat);
      scale_share[i] += gradient * x_hat;
      offset_share[i] += gradient;
      i++;
    }
    let means = row_sums(thread, sums) / channels;
    for (var c = lane; c < end; c += LANES) {
      let x_hat = (x[first + c] - mean) * inverse_deviation;
      dx[first + c] = (dy[first + c] * scale[c] - means.x - x_hat * means.y) * inverse_deviation;
    }
  }
  for (var i = 0u; i < PER_LANE; i++) {
    workgroupBarrier();
    partial[thread] = vec2f(scale_share[i], offset_share[i]);
    workgroupBarrier();
    let c = i * LANES + lane;
    if (thread < LANES && c < u.channels) {
      var share = partial[thread];
      for (var row = 1u; row < ROWS; row++) {
        share += partial[row * LANES + thread];
      }
      shares[(group.x * 2) * u.channels + c] = share.x;
      shares[(group.x * 2 + 1) * u.channels + c] = share.y;
    }
  }
}
