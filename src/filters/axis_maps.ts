/**
 * Separable resampling by two as matrices. A filter that is separable, and knows what lies beyond
 * the border, is a linear map of each axis: an image X becomes M X M^T.
 *
 * A pixel of the smaller image lies in the middle of two pixels of the larger one, so that every
 * map commutes with turning the image over. A circular map keeps an image's brightness.
 */
import { type Padding, pixelAt } from "./border.ts";
import { kaiserWindow } from "./kaiser.ts";

/**
 * The design of a separable filter. The ideal filter is periodic, whatever the padding of others.
 */
export type AxisFilter = { kind: "ideal" } | {
  kind: "sinc";
  /** Taps on the larger image's grid, an even number. */
  taps: number;
  /** In radians on the larger image's grid, above 0 and up to pi; there the gain is a half. */
  cutoff: number;
  /** Half the width of the transition band in radians, above 0. */
  transition: number;
  padding: Padding;
};

/**
 * The upsampling of `size` pixels: [2 size, size], row-major.
 *
 * ideal: the trigonometric interpolation without the Nyquist frequency, whose phase a grid cannot
 * hold. sinc: zeros between the pixels, then the filter, with a gain of two.
 */
export function upsamplingMap(size: number, filter: AxisFilter): Float64Array {
  if (filter.kind === "ideal") {
    return fill(2 * size, size, (row, column) => interpolation((row - 0.5) / 2 - column, size));
  }
  const taps = sincTaps(filter);
  const map = new Float64Array(2 * size * size);
  eachTap(2 * size, taps, (tap, fine, coarse) => {
    const column = pixelAt(coarse, size, filter.padding);
    if (fine >= 0 && fine < 2 * size && column !== null) map[fine * size + column]! += 2 * tap;
  });
  return map;
}

/** The downsampling to `size` pixels: [size, 2 size], row-major. */
export function downsamplingMap(size: number, filter: AxisFilter): Float64Array {
  if (filter.kind === "ideal") {
    return fill(size, 2 * size, (row, column) => interpolation((column - 0.5) / 2 - row, size) / 2);
  }
  const taps = sincTaps(filter);
  const map = new Float64Array(size * 2 * size);
  eachTap(2 * size, taps, (tap, fine, coarse) => {
    const column = pixelAt(fine, 2 * size, filter.padding);
    if (coarse >= 0 && coarse < size && column !== null) map[coarse * 2 * size + column]! += tap;
  });
  return map;
}

/**
 * The taps of a sinc under a Kaiser window, with sum one. The window follows from the number of
 * taps and the transition band by Kaiser's formulas.
 *
 * Source: Karras et al., arXiv 2106.12423, appendix C; Kaiser, "Nonrecursive digital filter design
 * using the I0-sinh window function", 1974.
 *
 * @throws RangeError if a field is out of range
 */
export function sincTaps(
  { taps, cutoff, transition }: Omit<AxisFilter & { kind: "sinc" }, "kind" | "padding">,
): Float64Array {
  if (!(cutoff > 0 && cutoff <= Math.PI)) {
    throw new RangeError(`sincTaps: cutoff must be above 0 and at most pi radians, not ${cutoff}`);
  }
  if (taps % 2 !== 0) throw new RangeError(`sincTaps: taps must be even, not ${taps}`);
  const window = kaiserWindow(taps, kaiserBetaOf(taps, 2 * transition));
  const kernel = window.map((weight, i) => {
    const angle = cutoff * (i - (taps - 1) / 2);
    return weight * (angle === 0 ? 1 : Math.sin(angle) / angle);
  });
  const sum = kernel.reduce((a, b) => a + b, 0);
  return kernel.map((value) => value / sum);
}

/** Kaiser's beta for a transition band of a given width in radians, with so many taps. */
function kaiserBetaOf(taps: number, width: number): number {
  const attenuation = 2.285 * (taps - 1) * width + 7.95;
  if (attenuation > 50) return 0.1102 * (attenuation - 8.7);
  if (attenuation < 21) return 0;
  return 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21);
}

/**
 * Calls back for each tap and each pair of pixels that it joins, of the larger and of the smaller
 * image; both may lie beyond the border, but not by more than the filter's length.
 */
function eachTap(
  fineSize: number,
  taps: Float64Array,
  visit: (tap: number, fine: number, coarse: number) => void,
): void {
  const before = taps.length / 2 - 1;
  for (let fine = -taps.length; fine < fineSize + taps.length; fine++) {
    taps.forEach((tap, i) => {
      const coarse = (fine + before - i) / 2;
      if (Number.isInteger(coarse)) visit(tap, fine, coarse);
    });
  }
}

/** A pixel's share in the value at a distance from it, on a ring of `size` pixels. */
function interpolation(distance: number, size: number): number {
  let sum = 1;
  for (let frequency = 1; 2 * frequency < size; frequency++) {
    sum += 2 * Math.cos(2 * Math.PI * frequency * distance / size);
  }
  return sum / size;
}

function fill(
  rows: number,
  columns: number,
  at: (row: number, column: number) => number,
): Float64Array {
  return Float64Array.from(
    { length: rows * columns },
    (_, i) => at(Math.floor(i / columns), i % columns),
  );
}
