// The gradient that reaches the doubled image through the filtered downsampling. DY_SIDE is the
// side of the piece of dy that a tile's region needs.

@group(0) @binding(3) var<storage, read> dy: array<Value>;

var<workgroup> dy_values: array<Value, DY_SIDE * DY_SIDE * VECTORS>;

fn dy_origin(region_origin: i32) -> i32 {
  return (region_origin - (DOWN_TAPS - 1) + DOWN_PADDING) >> 1u;
}

fn load_dy(thread: i32, tile: Tile, region_row: i32, region_column: i32) {
  for (var i = thread; i < DY_SIDE * DY_SIDE * VECTORS; i += 256) {
    let channel = tile.channel + i % VECTORS;
    let column = dy_origin(region_column) + (i / VECTORS) % DY_SIDE;
    let row = dy_origin(region_row) + i / (VECTORS * DY_SIDE);
    var value = Value(0.0);
    if (row >= 0 && row < u.height && column >= 0 && column < u.width && channel < u.channels) {
      value = dy[((tile.image * u.height + row) * u.width + column) * u.channels + channel];
    }
    dy_values[i] = value;
  }
}

fn doubled_gradient(row: i32, column: i32, vector: i32, region_row: i32, region_column: i32) -> Value {
  var sum = Value(0.0);
  for (var a = (row + DOWN_PADDING) & 1; a < DOWN_TAPS; a += 2) {
    let r = ((row - a + DOWN_PADDING) >> 1u) - dy_origin(region_row);
    for (var b = (column + DOWN_PADDING) & 1; b < DOWN_TAPS; b += 2) {
      let c = ((column - b + DOWN_PADDING) >> 1u) - dy_origin(region_column);
      sum += down_taps[a * DOWN_TAPS + b] * dy_values[(r * DY_SIDE + c) * VECTORS + vector];
    }
  }
  return sum;
}
