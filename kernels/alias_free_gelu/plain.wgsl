// The variant without a GroupNorm.

fn prepare(thread: i32, tile: Tile) {}

fn activation(value: Value, channel: i32) -> Value {
  return gelu(value);
}

fn region_gradient(value: Value, gradient: Value, channel: i32) -> Value {
  return gelu_slope(value) * gradient;
}
