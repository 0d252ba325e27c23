// The variant with a GroupNorm on the doubled image in front of GELU. Its statistics, an image a vector: mean,
// 1 / deviation, and for the gradient the means of g and g xHat, g being the gradient for what is normalized, times
// scale. const STATISTICS, the number of their binding.

@group(0) @binding(STATISTICS) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(STATISTICS + 1) var<storage, read> scale: array<Value>;
@group(0) @binding(STATISTICS + 2) var<storage, read> offset: array<Value>;

fn normalized(value: Value, image: i32) -> Value {
  return (value - statistics[image].x) * statistics[image].y;
}

fn activation(value: Value, image: i32, channel: i32) -> Value {
  return gelu(normalized(value, image) * scale[channel] + offset[channel]);
}

// The gradient for the normalized image times scale plus offset, from that for GELU's output.
fn scaled_gradient(x_hat: Value, gradient: Value, channel: i32) -> Value {
  return gelu_slope(x_hat * scale[channel] + offset[channel]) * gradient;
}

fn region_gradient(value: Value, gradient: Value, image: i32, channel: i32) -> Value {
  let x_hat = normalized(value, image);
  let g = scaled_gradient(x_hat, gradient, channel) * scale[channel];
  return (g - statistics[image].z - x_hat * statistics[image].w) * statistics[image].y;
}
