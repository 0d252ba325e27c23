// dx = transposed filtered upsampling of `region_gradient`: the gradient for the doubled image,
// computed from its value and from the gradient that the downsampling passes back. The program's
// variant defines `region_gradient` and `prepare`.

@group(0) @binding(OUT) var<storage, read_write> dx: array<Value>;

var<workgroup> gradients: array<Value, REGION * REGION * VECTORS>;

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
  let region_row = 2 * tile.row + UP_PADDING - (UP_TAPS - 1);
  let region_column = 2 * tile.column + UP_PADDING - (UP_TAPS - 1);
  load_taps(thread);
  load_x(thread, tile, region_row, region_column);
  load_dy(thread, tile, region_row, region_column);
  prepare(thread, tile);
  workgroupBarrier();
  for (var i = thread; i < REGION * REGION * VECTORS; i += 256) {
    let vector = i % VECTORS;
    let column = region_column + (i / VECTORS) % REGION;
    let row = region_row + i / (VECTORS * REGION);
    var value = Value(0.0);
    if (inside(row, column)) {
      let pixel = doubled(row, column, vector, region_row, region_column);
      let gradient = doubled_gradient(row, column, vector, region_row, region_column);
      value = region_gradient(pixel, gradient, tile.channel + vector);
    }
    gradients[i] = value;
  }
  workgroupBarrier();
  for (var i = thread; i < TILE * TILE * VECTORS; i += 256) {
    let vector = i % VECTORS;
    let column = (i / VECTORS) % TILE;
    let row = i / (VECTORS * TILE);
    let channel = tile.channel + vector;
    if (tile.row + row >= u.height || tile.column + column >= u.width || channel >= u.channels) {
      continue;
    }
    var sum = Value(0.0);
    for (var a = 0; a < UP_TAPS; a++) {
      for (var b = 0; b < UP_TAPS; b++) {
        let source = ((2 * row + UP_TAPS - 1 - a) * REGION + 2 * column + UP_TAPS - 1 - b) * VECTORS + vector;
        sum += up_taps[a * UP_TAPS + b] * gradients[source];
      }
    }
    dx[((tile.image * u.height + tile.row + row) * u.width + tile.column + column) * u.channels + channel] = sum;
  }
}
