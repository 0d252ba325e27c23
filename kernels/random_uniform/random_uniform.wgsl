// Uniform numbers in [0, 1): the upper 24 bits of Philox's words. Each thread computes one block of
// four numbers.

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
  for (var i = 0u; i < 4 && 4 * block + i < u.size; i++) {
    y[4 * block + i] = f32(words[i] >> 8u) / 16777216.0;
  }
}
