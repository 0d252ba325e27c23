// The forward pass with a GroupNorm. Each workgroup adds up its image's sums, and one of them
// stores the statistics for the gradient. const PARTS, at most 64; EPSILON.

@group(0) @binding(3) var<storage, read> sums: array<vec4f>; // [batch, PARTS]
@group(0) @binding(OUT + 1) var<storage, read_write> kept: array<vec2f>; // [batch]

var<workgroup> partial: array<vec2f, 64>;

fn prepare(thread: i32, tile: Tile) {
  let first = tile.image * PARTS;
  if (thread < PARTS) {
    partial[thread] = sums[first + thread].xy;
  } else if (thread < 64) {
    partial[thread] = vec2f(0.0);
  }
  for (var stride = 32; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (thread < stride) {
      partial[thread] += partial[thread + stride];
    }
  }
  workgroupBarrier();
  let means = partial[0] / (4.0 * f32(u.height * u.width) * f32(u.channels * WIDTH));
  let variance = means.y - means.x * means.x;
  // max() would lose a NaN.
  let inverse_deviation = inverseSqrt(select(variance, 0.0, variance < 0.0) + EPSILON);
  statistics = vec4f(sums[first].z + means.x, inverse_deviation, 0.0, 0.0);
  if (thread == 0 && tile.row == 0 && tile.column == 0 && tile.channel == 0) {
    kept[tile.image] = statistics.xy;
  }
}

fn activation(value: Value, channel: i32) -> Value {
  return gelu(normalized(value) * scale[channel] + offset[channel]);
}
