// The standard normal distribution function and its density, for one or four numbers (alias Value).
// Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: the error is below 7.5e-8.

fn distribution(x: Value) -> Value {
  let a = abs(x) * 0.70710678118654752;
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  let tail = 0.5 * polynomial * exp(-a * a);
  return select(tail, 1.0 - tail, x >= Value(0.0));
}

fn gelu(x: Value) -> Value {
  return x * distribution(x);
}

fn gelu_slope(x: Value) -> Value {
  return distribution(x) + x * (0.39894228040143268 * exp(-0.5 * x * x));
}
