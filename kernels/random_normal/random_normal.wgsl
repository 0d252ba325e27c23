// Standard normal numbers by the Box-Muller transform of Philox's words. Each thread computes one
// block of four numbers.

fn normal_pair(words: vec2u) -> vec2f {
  // The upper 24 bits, which f32 holds exactly. Half a step keeps the logarithm finite. If the
  // uniform number is large, 1 - uniform is exact, whereas a rounded sum would lose the half.
  let whole = words.x >> 8u;
  let from_one = (f32(0xffffffu - whole) + 0.5) / 16777216.0;
  let uniform_number = (f32(whole) + 0.5) / 16777216.0;
  let logarithm = select(log(uniform_number), log_one_minus(from_one), whole >= 0xff0000u);
  let radius = sqrt(-2.0 * logarithm);
  return radius * cosine_and_sine(words.y & 0xffffff00u);
}

// log(1 - x) for x below 2^-8, by its series.
fn log_one_minus(x: f32) -> f32 {
  return -x * (1.0 + x * (0.5 + x * (0.33333333 + x * (0.25 + x * 0.2))));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let block = (group.y * groups.x + group.x) * 64 + thread;
  if (4 * block >= u.size) {
    return;
  }
  let words = philox(advance(block));
  let numbers = vec4f(normal_pair(words.xy), normal_pair(words.zw));
  for (var i = 0u; i < 4 && 4 * block + i < u.size; i++) {
    y[4 * block + i] = numbers[i];
  }
}
