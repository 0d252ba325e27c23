// LayerNorm over the last axis. LANES threads share a row. const LANES, ROWS = 256 / LANES,
// EPSILON.

struct Uniforms {
  rows: u32,
  channels: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> scale: array<f32>;
@group(0) @binding(2) var<storage, read> offset: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> u: Uniforms;

var<workgroup> partial: array<f32, 256>;

// The sum over the threads that share this thread's row.
fn row_sum(thread: u32, value: f32) -> f32 {
  workgroupBarrier();
  partial[thread] = value;
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
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = (group.y * groups.x + group.x) * ROWS + thread / LANES;
  let first = row * u.channels;
  let end = select(0, u.channels, row < u.rows);
  var sum = 0.0;
  for (var c = thread % LANES; c < end; c += LANES) {
    sum += x[first + c];
  }
  let mean = row_sum(thread, sum) / f32(u.channels);
  var squares = 0.0;
  for (var c = thread % LANES; c < end; c += LANES) {
    let d = x[first + c] - mean;
    squares += d * d;
  }
  let inverse_deviation = inverseSqrt(row_sum(thread, squares) / f32(u.channels) + EPSILON);
  for (var c = thread % LANES; c < end; c += LANES) {
    y[first + c] = (x[first + c] - mean) * inverse_deviation * scale[c] + offset[c];
  }
}
