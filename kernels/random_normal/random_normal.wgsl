// Philox4x32-10 (Salmon et al., SC 2011) and the Box-Muller transform. Each thread computes one
// block of four numbers.

struct Uniforms {
  size: u32,
}

@group(0) @binding(0) var<storage, read> key: array<u32>; // two words, low word first
@group(0) @binding(1) var<storage, read> counter: array<u32>; // four words, low word first
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> u: Uniforms;

// The counter plus `blocks`, as a 128-bit sum.
fn advance(blocks: u32) -> vec4u {
  var words = vec4u(counter[0] + blocks, counter[1], counter[2], counter[3]);
  var carry = words.x < blocks;
  for (var i = 1; i < 4 && carry; i++) {
    words[i]++;
    carry = words[i] == 0;
  }
  return words;
}

fn philox(start: vec4u) -> vec4u {
  var c = start;
  var k = vec2u(key[0], key[1]);
  for (var round = 0; round < 10; round++) {
    let high0 = multiply_high(0xd2511f53u, c.x);
    let high1 = multiply_high(0xcd9e8d57u, c.z);
    c = vec4u(high1 ^ c.y ^ k.x, 0xcd9e8d57u * c.z, high0 ^ c.w ^ k.y, 0xd2511f53u * c.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

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
