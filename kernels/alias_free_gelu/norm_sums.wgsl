// For each part of an image (several of its tiles): the sums of d and d^2 over the doubled image,
// and the pivot. d is the difference from the pivot, which is the image's first doubled pixel. The
// pivot prevents cancellation in the variance. const TILES: tiles per image; PARTS.

@group(0) @binding(OUT) var<storage, read_write> sums: array<vec4f>; // [batch, PARTS]

var<workgroup> partial: array<vec2f, 256>;

fn pivot_of(image: i32) -> f32 {
  var sum = 0.0;
  for (var a = UP_PADDING; a < UP_TAPS; a += 2) {
    for (var b = UP_PADDING; b < UP_TAPS; b += 2) {
      let row = (a - UP_PADDING) / 2;
      let column = (b - UP_PADDING) / 2;
      if (row < u.height && column < u.width) {
        let at = ((image * u.height + row) * u.width + column) * u.channels;
        sum += up_taps[a * UP_TAPS + b] * first_of(x[at]);
      }
    }
  }
  return sum;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread_index: u32) {
  let thread = i32(thread_index);
  let part = i32(group.x);
  let image = i32(group.y);
  load_taps(thread);
  workgroupBarrier();
  let pivot = pivot_of(image);
  var found = vec2f(0.0);
  for (var number = part; number < TILES; number += PARTS) {
    let tile = tile_of(image * TILES + number);
    workgroupBarrier();
    load_x(thread, tile, 2 * tile.row, 2 * tile.column);
    workgroupBarrier();
    for (var i = thread; i < REGION * REGION * VECTORS; i += 256) {
      let vector = i % VECTORS;
      let column = 2 * tile.column + (i / VECTORS) % REGION;
      let row = 2 * tile.row + i / (VECTORS * REGION);
      if (inside(row, column) && tile.channel + vector < u.channels) {
        let d = doubled(row, column, vector, 2 * tile.row, 2 * tile.column) - pivot;
        found += vec2f(total_of(d), total_of(d * d));
      }
    }
  }
  partial[thread] = found;
  for (var stride = 128; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (thread < stride) {
      partial[thread] += partial[thread + stride];
    }
  }
  if (thread == 0) {
    sums[image * PARTS + part] = vec4f(partial[0], pivot, 0.0);
  }
}
