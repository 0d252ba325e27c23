// y[outer, part, inner] = the sum of x[outer, middle, inner] over a part of the middle axis. A workgroup makes 32 inner
// places of one part with 8 lanes of threads; the parts are summed up by a second dispatch of the same program.

struct Uniforms {
  middle: u32,
  inner: u32,
  parts: u32,
  part_size: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> u: Uniforms;

var<workgroup> partial: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let place = group.x * 32 + thread % 32;
  let part = group.y;
  let outer = group.z;
  var sum = 0.0;
  if (place < u.inner) {
    let end = min((part + 1) * u.part_size, u.middle);
    for (var i = part * u.part_size + thread / 32; i < end; i += 8) {
      sum += x[(outer * u.middle + i) * u.inner + place];
    }
  }
  partial[thread] = sum;
  workgroupBarrier();
  if (thread < 32 && place < u.inner) {
    for (var lane = 1u; lane < 8; lane++) {
      sum += partial[lane * 32 + thread];
    }
    y[(outer * u.parts + part) * u.inner + place] = sum;
  }
}
