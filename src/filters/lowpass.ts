/** The circularly symmetric low-pass kernel of arXiv 2411.09174: a jinc under a Kaiser window. */
import { besselJ1 } from "./bessel.ts";
import { kaiserWindow } from "./kaiser.ts";

/** The design of a low-pass kernel; see {@link lowpassKernel}. */
export interface LowpassDesign {
  /** Taps per side, an integer from 1. The paper uses 3. */
  size: number;
  /** Beta of the Kaiser window, 0 or greater; null means no window, which is the same as 0. */
  kaiserBeta: number | null;
  /** Whether to divide by the sum, for unit gain at frequency zero (the paper's N). */
  normalized: boolean;
  /** Cutoff frequency in radians, above 0 and up to pi. Default: pi / 2. */
  cutoff?: number;
}

/**
 * The low-pass kernel k(r) = cutoff J1(cutoff r) / (2 pi r), with cutoff^2 / (4 pi) at r = 0, times
 * the outer product of a Kaiser window with itself. If `normalized`, it is divided by its sum.
 *
 * Source: arXiv 2411.09174, section on the low-pass filter.
 *
 * @returns size * size coefficients, row-major
 * @throws RangeError if a field is out of range
 */
export function lowpassKernel(
  { size, kaiserBeta, normalized, cutoff = Math.PI / 2 }: LowpassDesign,
): Float64Array {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`lowpassKernel: size must be an integer from 1, not ${size}`);
  }
  if (!(cutoff > 0 && cutoff <= Math.PI)) {
    throw new RangeError(
      `lowpassKernel: cutoff must be above 0 and at most pi radians, not ${cutoff}`,
    );
  }
  const window = kaiserWindow(size, kaiserBeta ?? 0);
  const centre = (size - 1) / 2;
  const kernel = Float64Array.from({ length: size * size }, (_, i) => {
    const row = Math.floor(i / size);
    const column = i % size;
    const radius = Math.sqrt((row - centre) ** 2 + (column - centre) ** 2);
    const jinc = radius === 0
      ? cutoff ** 2 / (4 * Math.PI)
      : (cutoff * besselJ1(cutoff * radius)) / (2 * Math.PI * radius);
    return jinc * (window[row]! * window[column]!);
  });
  if (!normalized) return kernel;
  const sum = kernel.reduce((a, b) => a + b, 0);
  return kernel.map((value) => value / sum);
}
