// Attention with online softmax (Milakov and Gimelshein, arXiv 1805.02867; Dao et al., arXiv
// 2205.14135). Each thread owns one query and iterates over the keys, one tile in workgroup memory
// at a time. When it meets a larger score, it rescales what it has summed so far. No scores are
// stored.
// const HEAD: Values in a head's channels; KEYS: keys per tile; SCALE = 1 / sqrt(head size).

struct Uniforms {
  positions: u32,
  channels: u32, // in Values
}

@group(0) @binding(0) var<storage, read> query: array<Value>;
@group(0) @binding(1) var<storage, read> key: array<Value>;
@group(0) @binding(2) var<storage, read> value: array<Value>;
@group(0) @binding(3) var<storage, read_write> output: array<Value>;
@group(0) @binding(4) var<storage, read_write> log_sum_exp: array<f32>; // [batch, heads, positions]
@group(0) @binding(5) var<uniform> u: Uniforms;

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
  var q: array<Value, HEAD>;
  var sum: array<Value, HEAD>;
  if (works) {
    for (var i = 0u; i < HEAD; i++) {
      q[i] = SCALE * query[first + position * u.channels + i];
    }
  }
  var largest = -3.4e38;
  var total = 0.0;
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
        var products = Value(0.0);
        for (var i = 0u; i < HEAD; i++) {
          products += q[i] * key_tile[j * HEAD + i];
        }
        let score = total_of(products);
        if (score > largest) {
          let correction = exp(largest - score);
          largest = score;
          total *= correction;
          for (var i = 0u; i < HEAD; i++) {
            sum[i] *= correction;
          }
        }
        let weight = exponential(score - largest);
        total += weight;
        for (var i = 0u; i < HEAD; i++) {
          sum[i] += weight * value_tile[j * HEAD + i];
        }
      }
    }
  }
  if (works) {
    for (var i = 0u; i < HEAD; i++) {
      output[first + position * u.channels + i] = sum[i] / total;
    }
    log_sum_exp[(group.z * groups.y + head) * u.positions + position] = largest + logarithm(total);
  }
}
