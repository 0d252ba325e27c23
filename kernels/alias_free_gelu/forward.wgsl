// y = filtered downsampling of activation(filtered upsampling of x). The program's variant defines
// `activation`, and `prepare`, which runs before it.

@group(0) @binding(OUT) var<storage, read_write> y: array<Value>;

var<workgroup> activated: array<Value, REGION * REGION * VECTORS>;

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
  let region_row = 2 * tile.row - DOWN_PADDING;
  let region_column = 2 * tile.column - DOWN_PADDING;
  load_taps(thread);
  load_x(thread, tile, region_row, region_column);
  prepare(thread, tile);
  workgroupBarrier();
  for (var i = thread; i < REGION * REGION * VECTORS; i += 256) {
    let vector = i % VECTORS;
    let column = region_column + (i / VECTORS) % REGION;
    let row = region_row + i / (VECTORS * REGION);
    var value = Value(0.0);
    if (inside(row, column)) {
      value = activation(doubled(row, column, vector, region_row, region_column), tile.channel + vector);
    }
    activated[i] = value;
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
    for (var a = 0; a < DOWN_TAPS; a++) {
      for (var b = 0; b < DOWN_TAPS; b++) {
        let source = ((2 * row + a) * REGION + 2 * column + b) * VECTORS + vector;
        sum += down_taps[a * DOWN_TAPS + b] * activated[source];
      }
    }
    y[((tile.image * u.height + tile.row + row) * u.width + tile.column + column) * u.channels + channel] = sum;
  }
}
