// The gradient's last pass with a GroupNorm.

@group(0) @binding(4) var<storage, read> complete: array<vec4f>; // [batch]

fn prepare(thread: i32, tile: Tile) {
  statistics = complete[tile.image];
}

fn region_gradient(value: Value, gradient: Value, channel: i32) -> Value {
  let x_hat = normalized(value);
  let g = scaled_gradient(x_hat, gradient, channel) * scale[channel];
  return (g - statistics.z - x_hat * statistics.w) * statistics.y;
}
