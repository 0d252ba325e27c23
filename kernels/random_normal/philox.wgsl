// Philox4x32-10 (Salmon et al., SC 2011), for kernels that write `size` numbers, four for each block.
// `multiply_high` comes from turn.wgsl.

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
