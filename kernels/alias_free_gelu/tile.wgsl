// Shared by the alias-free GELU's programs. A workgroup of 256 threads computes a tile of TILE x
// TILE pixels of VECTORS Values of channels. It fetches the tile's pixels of x and their
// surroundings once, and the doubled image exists in workgroup memory only. REGION is the side of
// the piece of the doubled image that the tile needs, X_SIDE the side of the piece of x.
//
// const TILE, VECTORS, REGION, X_SIDE, UP_TAPS, UP_PADDING, DOWN_TAPS, DOWN_PADDING; OUT and
// UNIFORMS, the binding numbers of the first output and of the uniforms.

struct Uniforms {
  height: i32,
  width: i32,
  channels: i32, // in Values
  tiles_down: i32,
  tiles_across: i32,
  channel_groups: i32,
  tiles: i32, // of all images
}

struct Tile {
  image: i32,
  row: i32, // of its first pixel
  column: i32,
  channel: i32, // its first Value of channels
}

@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> up: array<f32>;
@group(0) @binding(2) var<storage, read> down: array<f32>;
@group(0) @binding(UNIFORMS) var<uniform> u: Uniforms;

var<workgroup> up_taps: array<f32, UP_TAPS * UP_TAPS>;
var<workgroup> down_taps: array<f32, DOWN_TAPS * DOWN_TAPS>;
var<workgroup> x_piece: array<Value, X_SIDE * X_SIDE * VECTORS>;

// The tile with number `index`. Channels vary fastest, so that memory neighbours are fetched at
// about the same time.
fn tile_of(index: i32) -> Tile {
  let place = index / u.channel_groups;
  let column = place % u.tiles_across;
  let row = (place / u.tiles_across) % u.tiles_down;
  let image = place / (u.tiles_across * u.tiles_down);
  return Tile(image, row * TILE, column * TILE, (index % u.channel_groups) * VECTORS);
}

fn load_taps(thread: i32) {
  for (var i = thread; i < UP_TAPS * UP_TAPS; i += 256) {
    up_taps[i] = up[i];
  }
  for (var i = thread; i < DOWN_TAPS * DOWN_TAPS; i += 256) {
    down_taps[i] = down[i];
  }
}

// The first row (or column) of the piece of x under a piece of the doubled image.
fn x_origin(region_origin: i32) -> i32 {
  return (region_origin - UP_PADDING) >> 1u;
}

fn load_x(thread: i32, tile: Tile, region_row: i32, region_column: i32) {
  for (var i = thread; i < X_SIDE * X_SIDE * VECTORS; i += 256) {
    let channel = tile.channel + i % VECTORS;
    let column = x_origin(region_column) + (i / VECTORS) % X_SIDE;
    let row = x_origin(region_row) + i / (VECTORS * X_SIDE);
    var value = Value(0.0);
    if (row >= 0 && row < u.height && column >= 0 && column < u.width && channel < u.channels) {
      value = x[((tile.image * u.height + row) * u.width + column) * u.channels + channel];
    }
    x_piece[i] = value;
  }
}

// Whether the doubled image has this pixel. Outside is zero padding.
fn inside(row: i32, column: i32) -> bool {
  return row >= 0 && row < 2 * u.height && column >= 0 && column < 2 * u.width;
}

// The doubled image at a row and column: x filtered by `up`. Only taps that meet a pixel are
// visited.
fn doubled(row: i32, column: i32, vector: i32, region_row: i32, region_column: i32) -> Value {
  var sum = Value(0.0);
  for (var a = (row - UP_PADDING) & 1; a < UP_TAPS; a += 2) {
    let r = ((row + a - UP_PADDING) >> 1u) - x_origin(region_row);
    for (var b = (column - UP_PADDING) & 1; b < UP_TAPS; b += 2) {
      let c = ((column + b - UP_PADDING) >> 1u) - x_origin(region_column);
      sum += up_taps[a * UP_TAPS + b] * x_piece[(r * X_SIDE + c) * VECTORS + vector];
    }
  }
  return sum;
}
