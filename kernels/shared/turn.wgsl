// Cosine and sine of a fraction of a full turn, given in units of 2^-32. Within an eighth of a turn
// of a multiple of a quarter turn, the Taylor series are accurate to f32. A GPU's own functions may
// be wrong by 5e-4, and by any amount far from zero.

fn sine(x: f32) -> f32 {
  let z = x * x;
  return x * (1.0 + z * (-1.6666667e-1 + z * (8.3333333e-3 + z * (-1.9841270e-4 + z * 2.7557319e-6))));
}

fn cosine(x: f32) -> f32 {
  let z = x * x;
  return 1.0 + z * (-0.5 + z * (4.1666667e-2 + z * (-1.3888889e-3 + z * (2.4801587e-5 - z * 2.7557319e-7))));
}

fn cosine_and_sine(turn: u32) -> vec2f {
  let quarter = (turn + 0x20000000u) >> 30u;
  let rest = f32(i32(turn - (quarter << 30u))) * (6.283185307179586 / 4294967296.0);
  let c = cosine(rest);
  let s = sine(rest);
  switch (quarter) {
    case 1: { return vec2f(-s, c); }
    case 2: { return vec2f(-c, -s); }
    case 3: { return vec2f(s, -c); }
    default: { return vec2f(c, s); }
  }
}

// The high 32 bits of a product, computed from 16-bit products.
fn multiply_high(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
}
