// dx = (g - mean(g) - xHat mean(g xHat)) / deviation, with g = dy scale. The last workgroups add up
// the images' contributions to the gradients of scale and offset. A workgroup computes 1,024
// Values.

struct Uniforms {
  image_size: u32, // in Values
  channels: u32, // in Values
  batch: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> scale: array<Value>;
@group(0) @binding(3) var<storage, read> statistics: array<vec4f>; // [batch]
@group(0) @binding(4) var<storage, read> shares: array<Value>; // [batch, 2, channels]
@group(0) @binding(5) var<storage, read_write> dx: array<Value>;
@group(0) @binding(6) var<storage, read_write> dscale: array<Value>;
@group(0) @binding(7) var<storage, read_write> doffset: array<Value>;
@group(0) @binding(8) var<uniform> u: Uniforms;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  if (group.y == u.batch) {
    let channel = group.x * 256 + thread;
    if (channel < u.channels) {
      var scale_sum = Value(0.0);
      var offset_sum = Value(0.0);
      for (var image = 0u; image < u.batch; image++) {
        scale_sum += shares[(image * 2) * u.channels + channel];
        offset_sum += shares[(image * 2 + 1) * u.channels + channel];
      }
      dscale[channel] = scale_sum;
      doffset[channel] = offset_sum;
    }
    return;
  }
  let first = group.y * u.image_size;
  let s = statistics[group.y];
  let end = min((group.x + 1) * 1024, u.image_size);
  for (var i = group.x * 1024 + thread; i < end; i += 256) {
    let x_hat = (x[first + i] - s.x) * s.y;
    dx[first + i] = (dy[first + i] * scale[i % u.channels] - s.z - x_hat * s.w) * s.y;
  }
}
