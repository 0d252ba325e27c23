// Adds up the workgroups' contributions [groups, 2, channels] to the gradients of scale and offset.
// A workgroup handles 32 channels with 8 lanes of threads.

struct Uniforms {
  groups: u32,
  channels: u32,
}

@group(0) @binding(0) var<storage, read> shares: array<f32>;
@group(0) @binding(1) var<storage, read_write> dscale: array<f32>;
@group(0) @binding(2) var<storage, read_write> doffset: array<f32>;
@group(0) @binding(3) var<uniform> u: Uniforms;

var<workgroup> partial: array<vec2f, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let channel = group.x * 32 + thread % 32;
  var sum = vec2f(0.0);
  if (channel < u.channels) {
    for (var i = thread / 32; i < u.groups; i += 8) {
      let at = i * 2 * u.channels + channel;
      sum += vec2f(shares[at], shares[at + u.channels]);
    }
  }
  partial[thread] = sum;
  workgroupBarrier();
  if (thread < 32 && channel < u.channels) {
    for (var lane = 1u; lane < 8; lane++) {
      sum += partial[lane * 32 + thread];
    }
    dscale[channel] = sum.x;
    doffset[channel] = sum.y;
  }
}
