// Sine or cosine of any angle in radians, accurate to 2e-7. The angle's fractional part in turns is
// computed with integers, from as many bits of 1 / (2 pi) as matter (Payne and Hanek, SIGNUM
// Newsletter 18, 1983). So nothing is rounded, and there is nothing that a compiler may reorder.
// const COSINE (0 or 1).

struct Uniforms {
  size: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> u: Uniforms;

// The 32 bits that start `shift` bits into the first word.
fn window(first: u32, second: u32, shift: u32) -> u32 {
  return select((first << shift) | (second >> (32u - shift)), first, shift == 0u);
}

// The fractional part of |x| / (2 pi), for |x| from 2^-8 to infinity.
fn turn_of(bits: u32) -> u32 {
  // |x| is mantissa 2^(exponent - 150). The words hold 1 / (2 pi), from 2^31 down.
  var words = array<u32, 8>(
    0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u, 0x7f9458eau
  );
  let mantissa = (bits & 0x7fffffu) | 0x800000u;
  let first = ((bits >> 23u) & 0xffu) - 118u;
  let word = first >> 5u;
  let shift = first & 31u;
  let high = window(words[word], words[word + 1u], shift);
  let low = window(words[word + 1u], words[word + 2u], shift);
  return mantissa * high + multiply_high(mantissa, low);
}

fn value_of(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let magnitude = bits & 0x7fffffffu;
  if (magnitude >= 0x7f800000u) {
    return bitcast<f32>(bits | 0x7fc00000u); // Infinity and NaN.
  }
  if (magnitude < 0x3f000000u) { // 0.5: as exact as x itself.
    return select(sine(x), cosine(x), COSINE == 1);
  }
  let turn = turn_of(magnitude);
  let values = cosine_and_sine(select(turn, 0u - turn, bits != magnitude));
  return select(values.y, values.x, COSINE == 1);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + thread;
  if (i < u.size) {
    y[i] = value_of(x[i]);
  }
}
