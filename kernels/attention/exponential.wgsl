// WGSL lets exp and log return anything for NaN and log(0), and SwiftShader does. But probabilities
// that are NaN must stay NaN.

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffff) > 0x7f800000;
}

// exp(x), with NaN for NaN.
fn exponential(x: f32) -> f32 {
  return select(exp(x), x, is_nan(x));
}

// The logarithm of a row's sum of exponentials. NaN for NaN, and for 0, which is the sum if every
// score is -infinity.
fn logarithm(x: f32) -> f32 {
  return select(log(x), bitcast<f32>(bitcast<u32>(x) | 0x7fc00000), is_nan(x) || x == 0.0);
}
