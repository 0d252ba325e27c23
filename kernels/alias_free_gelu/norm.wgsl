// What the passes of the variant with a GroupNorm on the doubled image in front of GELU share. const SCALE, the number
// of scale's binding.

@group(0) @binding(SCALE) var<storage, read> scale: array<Value>;
@group(0) @binding(SCALE + 1) var<storage, read> offset: array<Value>;

// Of the workgroup's image: mean, 1 / deviation, and in the gradient's last pass the means of g and g xHat, g being the
// gradient for what is normalized, times scale.
var<private> statistics: vec4f;

fn normalized(value: Value) -> Value {
  return (value - statistics.x) * statistics.y;
}

// The gradient for the normalized image times scale plus offset, from that for GELU's output.
fn scaled_gradient(x_hat: Value, gradient: Value, channel: i32) -> Value {
  return gelu_slope(x_hat * scale[channel] + offset[channel]) * gradient;
}
