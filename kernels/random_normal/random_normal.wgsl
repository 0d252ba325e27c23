// Philox4x32-10 (Salmon et al., SC 2011) and Box and Muller's transform: each thread makes one block of four numbers.

struct Uniforms {
  size: u32,
}

@group(0) @binding(0) var<storage, read> key: array<u32>; // two words, low word first
@group(0) @binding(1) var<storage, read> counter: array<u32>; // four words, low word first
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> u: Uniforms;

// The high 32 bits of a product, from products of 16 bits.
fn multiply_high(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
}

// The counter of the block `blocks` behind: a sum of 128 bits.
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
  // The upper 24 bits, which f32 holds exactly. Half a step keeps the logarithm finite; 1 - uniform is exact where the
  // uniform number is large, and there a rounded sum would lose the half.
  let whole = words.x >> 8u;
  let from_one = (f32(0xffffffu - whole) + 0.5) / 16777216.0;
  let uniform_number = (f32(whole) + 0.5) / 16777216.0;
  let logarithm = select(log(uniform_number), log_one_minus(from_one), whole >= 0xff0000u);
  let radius = sqrt(-2.0 * logarithm);
  // The angle within an eighth turn of a multiple of a quarter, where sine and cosine are at their best.
  let angle = words.y >> 8u;
  let quarter = ((angle + 0x200000u) >> 22u) & 3u;
  let rest = f32(i32(angle - (((angle + 0x200000u) >> 22u) << 22u))) * (6.283185307179586 / 16777216.0);
  let c = cosine(rest);
  let s = sine(rest);
  var turned = vec2f(c, s);
  if (quarter == 1) {
    turned = vec2f(-s, c);
  } else if (quarter == 2) {
    turned = vec2f(-c, -s);
  } else if (quarter == 3) {
    turned = vec2f(s, -c);
  }
  return radius * turned;
}

// log(1 - x) for x below 2^-8, by its series.
fn log_one_minus(x: f32) -> f32 {
  return -x * (1.0 + x * (0.5 + x * (0.33333333 + x * (0.25 + x * 0.2))));
}

// Taylor's series, good to f32 for |x| <= pi / 4: the GPU's own may be wrong by 5e-4 relative to one.
fn sine(x: f32) -> f32 {
  let z = x * x;
  return x * (1.0 + z * (-1.6666667e-1 + z * (8.3333333e-3 + z * (-1.9841270e-4 + z * 2.7557319e-6))));
}

fn cosine(x: f32) -> f32 {
  let z = x * x;
  return 1.0 + z * (-0.5 + z * (4.1666667e-2 + z * (-1.3888889e-3 + z * (2.4801587e-5 - z * 2.7557319e-7))));
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
