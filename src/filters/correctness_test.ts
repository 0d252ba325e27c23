/**
 * Checks that the low-pass kernels do what theory predicts: Kaiser's formulas for attenuation and
 * transition width, sines above and below the new Nyquist frequency, resampling there and back, and
 * translation. Works with plain numbers on a torus, without tensors.
 */
import { assert, assertEquals } from "@std/assert";
import { assertClose } from "../golden/golden.ts";
import { frequencyResponse, kaiserWindow, lowpassKernel } from "./mod.ts";

/** Kaiser's beta for a stopband attenuation in decibels (Kaiser and Schafer 1980). */
function betaOf(attenuation: number): number {
  if (attenuation > 50) return 0.1102 * (attenuation - 8.7);
  return attenuation < 21 ? 0 : 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21);
}

/** Kaiser's width of the transition band, in radians. */
const transitionOf = (attenuation: number, size: number) =>
  (attenuation - 7.95) / (2.285 * (size - 1));

const decibels = (gain: number) => -20 * Math.log10(gain);

/**
 * Gains along the axis at the frequencies 2 pi i / points, for i from 0 to points / 2. A direct
 * Fourier sum.
 */
function axisGains(kernel: Float64Array, size: number, points: number): Float64Array {
  const columns = new Float64Array(size);
  kernel.forEach((value, i) => columns[i % size]! += value);
  return Float64Array.from({ length: points / 2 + 1 }, (_, frequency) => {
    let real = 0;
    let imaginary = 0;
    columns.forEach((value, column) => {
      const angle = (2 * Math.PI * frequency * column) / points;
      real += value * Math.cos(angle);
      imaginary -= value * Math.sin(angle);
    });
    return Math.hypot(real, imaginary);
  });
}

function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) >>> 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A test over random inputs. The seed is in the test's name and determines every input. */
function property(what: string, check: (uniform: () => number) => void) {
  for (const seed of [1, 2, 3]) Deno.test(`${what} (seed ${seed})`, () => check(random(seed)));
}

/**
 * Correlation on an n * n torus. The centre of an even kernel lies just after its middle, as in
 * PyTorch's "same" padding.
 */
function filter(
  image: Float64Array,
  n: number,
  kernel: Float64Array,
  size: number,
  gain = 1,
): Float64Array {
  const before = Math.floor((size - 1) / 2);
  return image.map((_, i) => {
    const row = Math.floor(i / n);
    const column = i % n;
    let sum = 0;
    for (let a = 0; a < size; a++) {
      for (let b = 0; b < size; b++) {
        const at = ((row + a - before + n) % n) * n + (column + b - before + n) % n;
        sum += kernel[a * size + b]! * image[at]!;
      }
    }
    return gain * sum;
  });
}

const down = (image: Float64Array, n: number, kernel: Float64Array, size: number) => {
  const filtered = filter(image, n, kernel, size);
  const half = n / 2;
  return Float64Array.from(
    { length: half * half },
    (_, i) => filtered[2 * Math.floor(i / half) * n + 2 * (i % half)]!,
  );
};

/** Inserts zeros between the pixels, then filters with the textbook gain of 4. */
const up = (image: Float64Array, n: number, kernel: Float64Array, size: number) => {
  const zeros = new Float64Array(4 * n * n);
  image.forEach((value, i) => zeros[2 * Math.floor(i / n) * 2 * n + 2 * (i % n)] = value);
  return filter(zeros, 2 * n, kernel, size, 4);
};

const translate = (image: Float64Array, n: number, rows: number, columns: number) =>
  image.map((_, i) =>
    image[((Math.floor(i / n) - rows + n) % n) * n + ((i % n) - columns + n) % n]!
  );

const wave = (n: number, u: number, v: number, phase: number) =>
  Float64Array.from(
    { length: n * n },
    (_, i) => Math.cos((2 * Math.PI * (u * Math.floor(i / n) + v * (i % n))) / n + phase),
  );

const peak = (image: Float64Array) =>
  image.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);

for (const size of [12, 16, 31, 48, 63]) {
  for (const attenuation of [25, 35, 45, 60, 80]) {
    const cutoff = Math.PI / 2;
    const transition = transitionOf(attenuation, size);
    Deno.test(`Kaiser's formulas: ${size} taps, ${attenuation} dB`, () => {
      const kernel = lowpassKernel({
        size,
        kaiserBeta: betaOf(attenuation),
        normalized: true,
        cutoff,
      });
      const points = 256;
      const gains = axisGains(kernel, size, points);
      const at = (frequency: number) => gains[Math.round((frequency * points) / (2 * Math.PI))]!;
      const stop = gains.filter((_, i) => (2 * Math.PI * i) / points >= cutoff + transition / 2);
      assert(stop.length > 0);
      assert(decibels(peak(stop)) > attenuation - 3, `stopband: ${decibels(peak(stop))} dB`);
      // The transition is no narrower than predicted: well inside its edge, little is attenuated
      // yet.
      assert(decibels(at(cutoff + 0.3 * transition)) < attenuation, "the transition is too narrow");
      assertClose([at(cutoff)], [0.5], size < 40 ? 0.09 : 0.03, "gain at the cutoff");
      // The formulas assume a straight edge. The jinc's edge is a circle, which looks straight only
      // to a window with many taps.
      if (size < 40) return;
      const pass = gains.filter((_, i) => (2 * Math.PI * i) / points <= cutoff - transition / 2)
        .map((gain) => gain - 1);
      assert(decibels(peak(pass)) > attenuation - 8, `passband: ${decibels(peak(pass))} dB`);
    });
  }
}

property("lowpassKernel: symmetric, and unit gain at frequency zero when normalized", (uniform) => {
  for (let i = 0; i < 20; i++) {
    const size = 1 + Math.floor(uniform() * 14);
    const kaiserBeta = uniform() * 15;
    const cutoff = 0.05 + uniform() * 3;
    const raw = lowpassKernel({ size, kaiserBeta, normalized: false, cutoff });
    const kernel = lowpassKernel({ size, kaiserBeta, normalized: true, cutoff });
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const value = kernel[row * size + column]!;
        assertEquals(kernel[column * size + row], value, "transposed");
        assertEquals(kernel[(size - 1 - row) * size + column], value, "upside down");
      }
    }
    const sum = raw.reduce((a, b) => a + b, 0);
    assertClose(
      raw.map((value) => value / sum),
      kernel,
      1e-14,
      "the division is the only difference",
    );
    const points = 9 + Math.floor(uniform() * 20);
    const centre = Math.floor(points / 2) * (points + 1);
    assertClose([frequencyResponse(kernel, size, points)[centre]!], [1], 1e-12, "gain at zero");
    assertClose(
      [frequencyResponse(raw, size, points)[centre]!],
      [Math.abs(sum)],
      1e-12,
      "gain at zero, raw",
    );
  }
});

property("frequencyResponse: keeps the energy (Parseval)", (uniform) => {
  for (let i = 0; i < 10; i++) {
    const size = 1 + Math.floor(uniform() * 12);
    const points = size + Math.floor(uniform() * 20);
    const kernel = Float64Array.from({ length: size * size }, () => uniform() - 0.5);
    const energy = kernel.reduce((sum, value) => sum + value ** 2, 0);
    const spectral = frequencyResponse(kernel, size, points).reduce(
      (sum, gain) => sum + gain ** 2,
      0,
    );
    assertClose([spectral / points ** 2], [energy], 1e-12);
  }
});

property(
  "kaiserWindow: symmetric, one in the middle, finite for any beta, ones for beta 0",
  (uniform) => {
    for (const beta of [0, uniform(), 10 * uniform(), 500, 1e4]) {
      const length = 3 + 2 * Math.floor(uniform() * 10);
      const window = kaiserWindow(length, beta);
      assertEquals(window, window.toReversed());
      assertEquals(window[(length - 1) / 2], 1);
      assert(window.every((value) => value >= 0 && value <= 1));
      if (beta === 0) assert(window.every((value) => value === 1));
    }
    assertEquals(kaiserWindow(1, 5), Float64Array.of(1));
  },
);

Deno.test("lowpassKernel: no window is a window of ones", () => {
  const design = { size: 5, normalized: false };
  assertEquals(
    lowpassKernel({ ...design, kaiserBeta: null }),
    lowpassKernel({ ...design, kaiserBeta: 0 }),
  );
});

property(
  "a wave is attenuated as the response says, above and below the new Nyquist frequency",
  (uniform) => {
    const n = 32;
    for (const [size, kaiserBeta] of [[3, 2], [6, 2], [12, 5.5]] as const) {
      const kernel = lowpassKernel({ size, kaiserBeta, normalized: true });
      const response = frequencyResponse(kernel, size, n);
      for (let i = 0; i < 6; i++) {
        const u = Math.floor(uniform() * n) - n / 2;
        const v = Math.floor(uniform() * n) - n / 2;
        const phase = 2 * Math.PI * uniform();
        // An even kernel moves the wave by half a pixel, so measure the amplitude with two waves a
        // quarter period apart.
        const a = filter(wave(n, u, v, phase), n, kernel, size);
        const b = filter(wave(n, u, v, phase + Math.PI / 2), n, kernel, size);
        const expected = response[(u + n / 2) * n + v + n / 2]!;
        assertClose(
          a.map((value, j) => Math.hypot(value, b[j]!)),
          new Float64Array(n * n).fill(expected),
          1e-12,
        );
      }
    }
    // 13 taps at 45 dB: the transition runs from 0.89 to 2.25 radians, which is 4.5 to 11.5 cycles
    // in 32 pixels.
    const kernel = lowpassKernel({ size: 13, kaiserBeta: betaOf(45), normalized: true });
    assert(decibels(peak(filter(wave(n, 0, 13, uniform()), n, kernel, 13))) > 42, "above: gone");
    assertClose([peak(filter(wave(n, 0, 4, 0), n, kernel, 13))], [1], 0.03, "below: passes");
  },
);

property("up, then down, returns a band-limited image to the filter's accuracy", (uniform) => {
  const n = 24;
  const size = 31;
  const attenuation = 60;
  const kernel = lowpassKernel({ size, kaiserBeta: betaOf(attenuation), normalized: true });
  const edge = Math.PI / 2 - transitionOf(attenuation, size) / 2;
  const highest = Math.floor((2 * edge * n) / (2 * Math.PI) / Math.SQRT2);
  const image = new Float64Array(n * n);
  let amplitudes = 0;
  for (let i = 0; i < 8; i++) {
    const [u, v] = [0, 0].map(() => Math.round((2 * uniform() - 1) * highest)) as [number, number];
    const amplitude = uniform();
    wave(n, u, v, 6 * uniform()).forEach((value, j) => image[j]! += amplitude * value);
    amplitudes += amplitude;
  }
  const back = down(up(image, n, kernel, size), 2 * n, kernel, size);
  const worst = peak(back.map((value, i) => value - image[i]!)) / amplitudes;
  // The wave passes the passband ripple twice (at worst 8 dB below the design, see above), plus
  // three images far below it.
  const ripple = 10 ** (-(attenuation - 8) / 20);
  assert(worst < 2 * ripple, `off by ${worst}, allowed ${2 * ripple}`);
  // The filter is what achieves this: the three published taps are not enough.
  const published = lowpassKernel({ size: 3, kaiserBeta: 2, normalized: true });
  const rough = down(up(image, n, published, 3), 2 * n, published, 3);
  assert(
    peak(rough.map((value, i) => value - image[i]!)) / amplitudes > 10 * worst,
    "three taps do as well?",
  );
});

property("translation by the stride commutes with resampling", (uniform) => {
  const n = 16;
  const size = 2 + Math.floor(uniform() * 11);
  const rows = Math.floor(uniform() * 8);
  const columns = 3;
  const kernel = lowpassKernel({ size, kaiserBeta: 4 * uniform(), normalized: true });
  const image = Float64Array.from({ length: n * n }, () => uniform() - 0.5);
  const moved = down(translate(image, n, 2 * rows, 2 * columns), n, kernel, size);
  assertClose(moved, translate(down(image, n, kernel, size), n / 2, rows, columns), 1e-14, "down");
  const grown = up(translate(image, n, rows, columns), n, kernel, size);
  assertClose(
    grown,
    translate(up(image, n, kernel, size), 2 * n, 2 * rows, 2 * columns),
    1e-14,
    "up",
  );
});
