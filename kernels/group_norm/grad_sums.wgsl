// Per image, part of it and channel: the sums of dy, dy d, d and d^2 over the part's pixels, where
// d = x - pivot and the pivot is the image's first number. One workgroup per part; its threads lie
// along the channels. const PARTS.

struct Uniforms {
  pixels: u32, // in an image
  part_pixels: u32,
  channels: u32, // in Values
}

@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read_write> sums: array<Value>; // [batch, PARTS, 4, channels]
@group(0) @binding(3) var<uniform> u: Uniforms;

var<workgroup> partial: array<Value, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = group.y * u.pixels * u.channels;
  let pivot = first_of(x[first]);
  let end = min((group.x + 1) * u.part_pixels, u.pixels);
  let across = min(u.channels, 256);
  let lanes = 256 / across;
  for (var block = 0u; block < u.channels; block += 256) {
    let channel = block + thread % across;
    let lane = thread / across;
    let works = lane < lanes && channel < u.channels;
    var found = array<Value, 4>();
    if (works) {
      for (var pixel = group.x * u.part_pixels + lane; pixel < end; pixel += lanes) {
        let i = first + pixel * u.channels + channel;
        let d = x[i] - pivot;
        let g = dy[i];
        found[0] += g;
        found[1] += g * d;
        found[2] += d;
        found[3] += d * d;
      }
    }
    for (var quantity = 0u; quantity < 4; quantity++) {
      workgroupBarrier();
      partial[thread] = found[quantity];
      workgroupBarrier();
      if (works && lane == 0) {
        var sum = partial[thread];
        for (var other = 1u; other < lanes; other++) {
          sum += partial[thread + other * across];
        }
        sums[((group.y * PARTS + group.x) * 4 + quantity) * u.channels + channel] = sum;
      }
    }
  }
}
