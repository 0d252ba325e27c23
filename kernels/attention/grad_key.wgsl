// The gradients of attention for keys and values. Each thread owns one key.
// With P = exp(score - logSumExp):
// dV = sum over queries of P dO
// dK = scale * sum over queries of P (dO V - dO O) Q
// const HEAD: Values in a head's channels; KEYS: queries per tile; SCALE = 1 / sqrt(head size).

struct Uniforms {
  positions: u32,
  channels: u32, // in Values
}

@group(0) @binding(0) var<storage, read> query: array<Value>;
@group(0) @binding(1) var<storage, read> key: array<Value>;
@group(0) @binding(2) var<storage, read> value: array<Value>;
@group(0) @binding(3) var<storage, read> dy: array<Value>;
@group(0) @binding(4) var<storage, read> log_sum_exp: array<f32>; // [batch, heads, positions]
// [batch, heads, positions]: dO O of each row
@group(0) @binding(5) var<storage, read> means: array<f32>;
@group(0) @binding(6) var<storage, read_write> dkey: array<Value>;
@group(0) @binding(7) var<storage, read_write> dvalue: array<Value>;
@group(0) @binding(8) var<uniform> u: Uniforms;

var<workgroup> query_tile: array<Value, KEYS * HEAD>;
var<workgroup> dy_tile: array<Value, KEYS * HEAD>;

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
  let rows = (group.z * groups.y + head) * u.positions;
  var k: array<Value, HEAD>;
  var v: array<Value, HEAD>;
  var key_sum: array<Value, HEAD>;
  var value_sum: array<Value, HEAD>;
  if (works) {
    for (var i = 0u; i < HEAD; i++) {
      k[i] = SCALE * key[first + position * u.channels + i];
      v[i] = value[first + position * u.channels + i];
    }
  }
  for (var tile = 0u; tile < u.positions; tile += KEYS) {
    let queries = min(KEYS, u.positions - tile);
    workgroupBarrier();
    for (var i = thread; i < queries * HEAD; i += 64) {
      let at = first + (tile + i / HEAD) * u.channels + i % HEAD;
      query_tile[i] = query[at];
      dy_tile[i] = dy[at];
    }
    workgroupBarrier();
    if (works) {
      for (var j = 0u; j < queries; j++) {
        var scores = Value(0.0);
        var weights = Value(0.0);
        for (var i = 0u; i < HEAD; i++) {
          scores += query_tile[j * HEAD + i] * k[i];
          weights += dy_tile[j * HEAD + i] * v[i];
        }
        let row = rows + tile + j;
        let probability = exponential(total_of(scores) - log_sum_exp[row]);
        let factor = probability * (total_of(weights) - means[row]);
        for (var i = 0u; i < HEAD; i++) {
          value_sum[i] += probability * dy_tile[j * HEAD + i];
          key_sum[i] += factor * query_tile[j * HEAD + i];
        }
      }
    }
  }
  if (works) {
    for (var i = 0u; i < HEAD; i++) {
      dkey[first + position * u.channels + i] = SCALE * key_sum[i];
      dvalue[first + position * u.channels + i] = value_sum[i];
    }
  }
}
