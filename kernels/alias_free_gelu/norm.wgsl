// Shared by the passes of the variant with a GroupNorm on the doubled image, just before GELU.
// const SCALE, the number of scale's binding.

@group(0) @binding(SCALE) var<storage, read> scale: array<Value>;
@group(0) @binding(SCALE + 1) var<storage, read> offset: array<Value>;

// For the workgroup's image: mean and 1 / deviation. In the gradient's last pass also the means of
// g and g xHat, where g is the gradient for the normalized image, times scale.
var<private> statistics: vec4f;

fn normalized(value: Value) -> Value {
  return (value - statistics.x) * statistics.y;
}

// The gradient for (normalized image * scale + offset), from the gradient for GELU's output.
fn scaled_gradient(x_hat: Value, gradient: Value, channel: i32) -> Value {
  return gelu_slope(x_hat * scale[channel] + offset[channel]) * gradient;
}
