// The gradient of attention for the queries. Each thread owns one query.
// With P = exp(score - logSumExp):
// dQ = scale * sum over keys of P (dO V - dO O) K
// Also writes dO O of each row, which the gradient for the keys needs.
// const HEAD: Values in a head's channels; KEYS: keys per tile; SCALE = 1 / sqrt(head size).

struct Uniforms {
  positions: u32,
  channels: u32, // in Values
}

@group(0) @binding(0) var<storage, read> query: array<Value>;
@group(0) @binding(1) var<storage, read> key: array<Value>;
@group(0) @binding(2) var<storage, read> value: array<Value>;
@group(0) @binding(3) var<storage, read> output: array<Value>;
@group(0) @binding(4) var<storage, read> log_sum_exp: array<f32>; // [batch, heads, positions]
@group(0) @binding(5) var<storage, read> dy: array<Value>;
@group(0) @binding(6) var<storage, read_write> dquery: array<Value>;
@group(0) @binding(7) var<storage, read_write> means: array<f32>; // [batch, heads, positions]
@group(0) @binding(8) var<uniform> u: Uniforms;

var<workgroup> key_tile: array<Value, KEYS * HEAD>;
var<workgroup> value_tile: array<Value, KEYS * HEAD>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let head = group.y;
  let first = group.z * u.positions * u.channels + head * HEAD;
  let position = group.x * 64 + thread;
  let works = position < u.positions;
  let row = (group.z * groups.y + head) * u.positions + position;
  var q: array<Value, HEAD>;
  var d: array<Value, HEAD>;
  var sum: array<Value, HEAD>;
  var mean = 0.0;
  var log_sum = 0.0;
  if (works) {
    var products = Value(0.0);
    for (var i = 0u; i < HEAD; i++) {
      let at = first + position * u.channels + i;
      q[i] = SCALE * query[at];
      d[i] = dy[at];
      products += dy[at] * output[at];
    }
    mean = total_of(products);
    log_sum = log_sum_exp[row];
    means[row] = mean;
  }
  for (var tile = 0u; tile < u.positions; tile += KEYS) {
    let keys = min(KEYS, u.positions - tile);
    workgroupBarrier();
    for (var i = thread; i < keys * HEAD; i += 64) {
      let at = first + (tile + i / HEAD) * u.channels + i % HEAD;
      key_tile[i] = key[at];
      value_tile[i] = value[at];
    }
    workgroupBarrier();
    if (works) {
      for (var j = 0u; j < keys; j++) {
        var scores = Value(0.0);
        var weights = Value(0.0);
        for (var i = 0u; i < HEAD; i++) {
          scores += q[i] * key_tile[j * HEAD + i];
          weights += d[i] * value_tile[j * HEAD + i];
        }
        let factor = exponential(total_of(scores) - log_sum) * (total_of(weights) - mean);
        for (var i = 0u; i < HEAD; i++) {
          sum[i] += factor * key_tile[j * HEAD + i];
        }
      }
    }
  }
  if (works) {
    for (var i = 0u; i < HEAD; i++) {
      dquery[first + position * u.channels + i] = SCALE * sum[i];
    }
  }
}
