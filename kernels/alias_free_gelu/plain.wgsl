// The variant without a GroupNorm.

fn activation(value: Value, image: i32, channel: i32) -> Value {
  return gelu(value);
}

fn region_gradient(value: Value, gradient: Value, image: i32, channel: i32) -> Value {
  return gelu_slope(value) * gradient;
}
