// Per image and part of it: the sums of x - pivot and of its square. The pivot is the image's first
// number; it prevents cancellation in the variance if the mean is large. One workgroup per part.
// const PARTS.

struct Uniforms {
  image_size: u32, // in Values
  part_size: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> sums: array<vec2f>; // [batch, PARTS]
@group(0) @binding(2) var<uniform> u: Uniforms;

var<workgroup> partial: array<vec2f, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = group.y * u.image_size;
  let end = min((group.x + 1) * u.part_size, u.image_size);
  let pivot = first_of(x[first]);
  var sum = Value(0.0);
  var squares = Value(0.0);
  for (var i = group.x * u.part_size + thread; i < end; i += 256) {
    let d = x[first + i] - pivot;
    sum += d;
    squares += d * d;
  }
  partial[thread] = vec2f(total_of(sum), total_of(squares));
  for (var stride = 128u; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (thread < stride) {
      partial[thread] += partial[thread + stride];
    }
  }
  if (thread == 0) {
    sums[group.y * PARTS + group.x] = partial[0];
  }
}
