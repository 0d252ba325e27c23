/**
 * Checks that the separable filters do what they are for: they commute with shifts, keep what they
 * should keep and remove the rest, whatever lies beyond the border.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { philox4x32 } from "../../kernels/random_normal/philox.ts";
import { assertClose } from "../golden/golden.ts";
import { type AxisFilter, downsamplingMap, pixelAt, sincTaps, upsamplingMap } from "./mod.ts";

const ideal: AxisFilter = { kind: "ideal" };
const transition = (Math.SQRT2 - 1) * Math.PI / 2;

function sinc(padding: "zero" | "circular" | "reflect", taps = 12): AxisFilter {
  return { kind: "sinc", taps, cutoff: Math.PI / 2, transition, padding };
}

/** A matrix times a line of pixels. */
function apply(map: Float64Array, line: Float64Array): Float64Array {
  const columns = line.length;
  return Float64Array.from(
    { length: map.length / columns },
    (_, row) => line.reduce((sum, value, column) => sum + map[row * columns + column]! * value, 0),
  );
}

function wave(size: number, frequency: number, phase: number): Float64Array {
  return Float64Array.from(
    { length: size },
    (_, i) => Math.cos(2 * Math.PI * frequency * (i + 0.5) / size + phase),
  );
}

/** A periodic line moved by a fraction of a pixel, without its Nyquist frequency. */
function moved(line: Float64Array, pixels: number): Float64Array {
  const { length } = line;
  return line.map((_, i) => {
    let sum = 0;
    for (let j = 0; j < length; j++) {
      for (let k = -Math.ceil(length / 2) + 1; 2 * k < length; k++) {
        sum += line[j]! * Math.cos(2 * Math.PI * k * (i - j - pixels) / length) / length;
      }
    }
    return sum;
  });
}

function rolled(line: Float64Array, pixels: number): Float64Array {
  const { length } = line;
  return line.map((_, i) => line[((i - pixels) % length + length) % length]!);
}

/** A new seed for each test run; the names of the tests say it. */
const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
let drawn = 0;

/** Uniform in [0, 1). */
const uniform = () => philox4x32([drawn++, 0, 0, 0], [seed, 0])[0]! / 2 ** 32;

const randomLine = (size: number) => Float64Array.from({ length: size }, () => uniform() - 0.5);

Deno.test("pixelAt: what lies beyond the border, however far", () => {
  const line = (length: number, padding: "zero" | "circular" | "reflect") =>
    Array.from({ length: 9 }, (_, i) => pixelAt(i - 4, length, padding));
  assertEquals(line(3, "zero"), [null, null, null, null, 0, 1, 2, null, null]);
  assertEquals(line(3, "circular"), [2, 0, 1, 2, 0, 1, 2, 0, 1]);
  assertEquals(line(3, "reflect"), [0, 1, 2, 1, 0, 1, 2, 1, 0]);
  assertEquals(line(1, "reflect"), [0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test(`ideal: keeps every wave below the Nyquist frequency of the smaller image, and no other (seed ${seed})`, () => {
  for (const size of [1, 2, 3, 4, 8, 9, 16]) {
    const phase = 6 * uniform();
    for (let frequency = 0; frequency <= size; frequency++) {
      const [small, large] = [wave(size, frequency, phase), wave(2 * size, frequency, phase)];
      const isKept = 2 * frequency < size;
      const what = `${size} pixels, frequency ${frequency}, phase ${phase}`;
      const factor = isKept ? 1 : 0;
      if (frequency <= size / 2) {
        assertClose(
          apply(upsamplingMap(size, ideal), small),
          large.map((value) => factor * value),
          1e-13,
          `up, ${what}`,
        );
      }
      assertClose(
        apply(downsamplingMap(size, ideal), large),
        small.map((value) => factor * value),
        1e-13,
        `down, ${what}`,
      );
    }
  }
});

Deno.test(`ideal: up and down commute with every fractional shift of a periodic line (seed ${seed})`, () => {
  for (const size of [2, 4, 7, 8]) {
    const shift = 4 * uniform() - 2;
    const [small, large] = [randomLine(size), randomLine(2 * size)];
    const up = upsamplingMap(size, ideal);
    const down = downsamplingMap(size, ideal);
    const what = `${size} pixels, shift ${shift}`;
    assertClose(
      apply(up, moved(small, shift)),
      moved(apply(up, small), 2 * shift),
      1e-13,
      `up, ${what}`,
    );
    assertClose(
      apply(down, moved(large, shift)),
      moved(apply(down, large), shift / 2),
      1e-13,
      `down, ${what}`,
    );
  }
});

Deno.test(`every map commutes with turning a line over, and circular ones with whole shifts (seed ${seed})`, () => {
  const filters = [ideal, sinc("zero"), sinc("circular"), sinc("reflect"), sinc("circular", 6)];
  for (const filter of filters) {
    for (const size of [1, 2, 3, 8]) {
      const [small, large] = [randomLine(size), randomLine(2 * size)];
      const up = upsamplingMap(size, filter);
      const down = downsamplingMap(size, filter);
      const what = `${JSON.stringify(filter)}, ${size} pixels`;
      assertClose(apply(up, small.toReversed()), apply(up, small).toReversed(), 1e-14, what);
      assertClose(apply(down, large.toReversed()), apply(down, large).toReversed(), 1e-14, what);
      if (filter.kind === "sinc" && filter.padding !== "circular") continue;
      assertClose(apply(up, rolled(small, 1)), rolled(apply(up, small), 2), 1e-14, what);
      assertClose(apply(down, rolled(large, 2)), rolled(apply(down, large), 1), 1e-14, what);
      assertClose(
        apply(up, new Float64Array(size).fill(1)),
        new Float64Array(2 * size).fill(1),
        1e-14,
        what,
      );
    }
  }
});

Deno.test(`sinc: at the border it sees what the padding says (seed ${seed})`, () => {
  for (const padding of ["zero", "circular", "reflect"] as const) {
    // Far inside a longer line, which goes on as the padding says, there is no border.
    const [size, margin] = [6, 12];
    const line = randomLine(2 * size);
    const longer = Float64Array.from({ length: 2 * (size + 2 * margin) }, (_, i) => {
      const pixel = pixelAt(i - 2 * margin, 2 * size, padding);
      return pixel === null ? 0 : line[pixel]!;
    });
    const inside = apply(downsamplingMap(size + 2 * margin, sinc("zero")), longer);
    assertClose(
      apply(downsamplingMap(size, sinc(padding)), line),
      inside.slice(margin, margin + size),
      1e-14,
      padding,
    );
  }
});

Deno.test("sincTaps: SciPy's firwin with a width, and what is out of range", () => {
  const known: [taps: number, cutoff: number, transition: number, half: number[]][] = [
    [12, Math.PI / 2, transition, [
      0.00565939987138858,
      0.0157345596247679,
      -0.0336123771843791,
      -0.0655801629905628,
      0.134093289923913,
      0.443705290754873,
    ]],
    [6, 1, 0.4, [0.0642400590977364, 0.178452017414781, 0.257307923487483]],
    [10, 0.9, 1.2, [
      -0.00158638858616165,
      -0.000143501495232251,
      0.0472909039754564,
      0.167755352768759,
      0.286683633337179,
    ]],
  ];
  for (const [taps, cutoff, transition, half] of known) {
    const expected = [...half, ...half.toReversed()];
    assertClose(sincTaps({ taps, cutoff, transition }), Float64Array.from(expected), 1e-12);
  }
  const design = { taps: 12, cutoff: 1, transition: 1 };
  assertThrows(() => sincTaps({ ...design, taps: 3 }), RangeError, "taps must be even");
  assertThrows(() => sincTaps({ ...design, cutoff: 4 }), RangeError, "cutoff");
});

Deno.test("sinc: with its cutoff lowered by the transition, no alias is left above the stopband's level", () => {
  // StyleGAN3's rule; 12 taps and this transition are 40 dB by Kaiser's formula.
  const filter = { ...sinc("circular"), cutoff: Math.PI / 2 - transition } as AxisFilter;
  const size = 32;
  for (let frequency = size / 2; frequency <= size; frequency++) {
    const passed = apply(downsamplingMap(size, filter), wave(2 * size, frequency, 1));
    assert(Math.max(...passed.map(Math.abs)) < 10 ** (-37 / 20), `frequency ${frequency}`);
  }
  const low = apply(downsamplingMap(size, filter), wave(2 * size, 1, 1));
  assertAlmostEquals(Math.max(...low), Math.max(...wave(size, 1, 1)), 0.02);
});
