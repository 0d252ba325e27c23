import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { normalNumbers } from "../../kernels/random_normal/reference.ts";
import { idealDoubled, planesOf, radialPower, shareAbove } from "./spectrum.ts";

/** cos(2 pi (across x + down y) / size) on a square grid. */
function wave(size: number, across: number, down: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, i) => {
    const [row, column] = [Math.floor(i / size), i % size];
    return Math.cos(2 * Math.PI * (across * column + down * row) / size);
  });
}

Deno.test("radialPower: a wave has its power at its own radius and nowhere else", () => {
  for (const [size, across, down] of [[16, 3, 4], [24, 0, 7], [8, 2, 0]] as const) {
    const power = radialPower({ size, values: wave(size, across, down), count: 1 });
    const radius = Math.hypot(across, down);
    power.forEach((value, i) => {
      if (i === radius) assert(value > 1);
      else assertAlmostEquals(value, 0, 1e-20);
    });
  }
});

Deno.test("radialPower: white noise of variance 1 has 1 at every frequency", () => {
  const values = normalNumbers(200 * 16 * 16, [1, 2], [0, 0, 0, 0]);
  for (const value of radialPower({ size: 16, values, count: 200 }).slice(1)) {
    assertAlmostEquals(value, 1, 0.12);
  }
});

Deno.test("radialPower: Parseval's theorem, by the sum over all frequencies", () => {
  const size = 8;
  const values = normalNumbers(size * size, [3, 4], [0, 0, 0, 0]);
  const mean = values.reduce((a, b) => a + b) / values.length;
  const energy = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  // A cutoff that leaves out nothing, and one that leaves out everything.
  assertAlmostEquals(shareAbove({ size, values, count: 1 }, 0), 1, 1e-12);
  assertEquals(shareAbove({ size, values, count: 1 }, size), 0);
  assert(energy > 0);
});

Deno.test("shareAbove: half of two equal waves lies above a frequency between them", () => {
  const size = 16;
  const [low, high] = [wave(size, 2, 1), wave(size, 6, 0)];
  const values = low.map((value, i) => value + (high[i] ?? 0) + 5);
  assertAlmostEquals(shareAbove({ size, values, count: 1 }, size / 4), 0.5, 1e-12);
});

Deno.test("idealDoubled: keeps the pixels, and adds no frequency", () => {
  for (const size of [8, 12]) {
    const values = normalNumbers(2 * size * size, [5, 6], [0, 0, 0, 0]);
    const doubled = idealDoubled({ size, values, count: 2 });
    for (let plane = 0; plane < 2; plane++) {
      for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++) {
          const at = plane * 4 * size * size + 4 * row * size + 2 * column;
          const expected = values[(plane * size + row) * size + column] ?? NaN;
          assertAlmostEquals(Number(doubled.values[at]), expected, 1e-12);
        }
      }
    }
    assertAlmostEquals(shareAbove(doubled, size / 2), 0, 1e-24);
  }
});

Deno.test("planesOf: channels become planes, spread evenly if there are too many", () => {
  const values = Float64Array.from(
    { length: 2 * 2 * 2 * 3 },
    (_, i) => i % 3 + 10 * Math.floor(i / 12),
  );
  const all = planesOf(values, [2, 2, 2, 3]);
  assertEquals(all.count, 6);
  assertEquals([...Array(6)].map((_, plane) => all.values[4 * plane]), [0, 1, 2, 10, 11, 12]);
  const some = planesOf(values, [2, 2, 2, 3], 2);
  assertEquals([some.values[0], some.values[4]], [0, 10]);
});
