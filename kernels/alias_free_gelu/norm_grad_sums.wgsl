// For each tile and channel, two sums over the tile's part of the doubled image: the gradient for
// the output of scale and offset times xHat, and that gradient alone.

@group(0) @binding(4) var<storage, read> kept: array<vec2f>; // [batch]: mean, 1 / deviation
@group(0) @binding(OUT) var<storage, read_write> sums: array<Value>; // [places of all images, channels, 2]

var<workgroup> partial: array<Value, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread_index: u32,
) {
  let index = i32(group.y * groups.x + group.x);
  if (index >= u.tiles) {
    return;
  }
  let thread = i32(thread_index);
  let tile = tile_of(index);
  statistics = vec4f(kept[tile.image], 0.0, 0.0);
  let region_row = 2 * tile.row;
  let region_column = 2 * tile.column;
  load_taps(thread);
  load_x(thread, tile, region_row, region_column);
  load_dy(thread, tile, region_row, region_column);
  workgroupBarrier();
  // A thread always handles the same vector, so that its sums belong to one channel.
  let lanes = 256 / VECTORS;
  let vector = thread % VECTORS;
  let channel = tile.channel + vector;
  var found = array<Value, 2>();
  if (thread < lanes * VECTORS && channel < u.channels) {
    for (var i = thread / VECTORS; i < REGION * REGION; i += lanes) {
      let column = region_column + i % REGION;
      let row = region_row + i / REGION;
      if (inside(row, column)) {
        let x_hat = normalized(doubled(row, column, vector, region_row, region_column));
        let gradient = doubled_gradient(row, column, vector, region_row, region_column);
        let g = scaled_gradient(x_hat, gradient, channel);
        found[0] += g * x_hat;
        found[1] += g;
      }
    }
  }
  for (var quantity = 0; quantity < 2; quantity++) {
    workgroupBarrier();
    partial[thread] = found[quantity];
    workgroupBarrier();
    if (thread < VECTORS && channel < u.channels) {
      var sum = partial[thread];
      for (var lane = 1; lane < lanes; lane++) {
        sum += partial[lane * VECTORS + thread];
      }
      sums[((index / u.channel_groups) * u.channels + channel) * 2 + quantity] = sum;
    }
  }
}
