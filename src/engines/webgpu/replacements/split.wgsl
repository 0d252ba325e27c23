// Splits x [outer, axis, inner] into PARTS equal pieces along the axis. webgpu.ts generates the
// declarations of the pieces and `store`. Each thread copies one number.

struct Uniforms {
  size: u32, // of x
  inner: u32,
  piece: u32, // length of a piece along the axis
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(PARTS + 1) var<uniform> u: Uniforms;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = (group.y * groups.x + group.x) * 256 + thread;
  if (index >= u.size) {
    return;
  }
  let block = u.piece * u.inner;
  let part = (index / block) % PARTS;
  let outer = index / (block * PARTS);
  store(part, outer * block + index % block, x[index]);
}
