// y[outer, part, inner] = the sum of x[outer, middle, inner] over a part of the middle axis. A
// workgroup computes PLACES inner positions of one part with 256 / PLACES lanes of threads. A
// second dispatch of the same program adds up the parts.

const LANES = 256 / PLACES;

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
  let place = group.x * PLACES + thread % PLACES;
  let part = group.y;
  let outer = group.z;
  var sum = 0.0;
  if (place < u.inner) {
    let end = min((part + 1) * u.part_size, u.middle);
    for (var i = part * u.part_size + thread / PLACES; i < end; i += LANES) {
      sum += x[(outer * u.middle + i) * u.inner + place];
    }
  }
  partial[thread] = sum;
  workgroupBarrier();
  if (thread < PLACES && place < u.inner) {
    for (var lane = 1u; lane < LANES; lane++) {
      sum += partial[lane * PLACES + thread];
    }
    y[(outer * u.parts + part) * u.inner + place] = sum;
  }
}
