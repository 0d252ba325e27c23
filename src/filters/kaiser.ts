/**
 * The Kaiser window that tapers the low-pass kernels (J. F. Kaiser and R. W. Schafer, IEEE TASSP
 * 28(1), 1980).
 */
import { besselI0Scaled } from "./bessel.ts";

/**
 * The Kaiser window w[n] = I0(beta sqrt(1 - (2 n / (length - 1) - 1)^2)) / I0(beta). It is
 * symmetric, at most 1, and equal to numpy.kaiser. Any beta works, because the quotient is computed
 * from scaled functions that do not overflow.
 *
 * @param length number of taps, an integer from 1
 * @param beta from 0 (a window of ones) upwards; a larger beta gives more stopband attenuation and
 *   a wider transition
 * @throws RangeError if an argument is out of range
 */
export function kaiserWindow(length: number, beta: number): Float64Array {
  if (!Number.isInteger(length) || length < 1) {
    throw new RangeError(`kaiserWindow: length must be an integer from 1, not ${length}`);
  }
  if (!(beta >= 0 && beta < Infinity)) {
    throw new RangeError(`kaiserWindow: beta must be 0 or greater, not ${beta}`);
  }
  if (length === 1) return Float64Array.of(1);
  const atCentre = besselI0Scaled(beta);
  return Float64Array.from({ length }, (_, n) => {
    const place = Math.abs(2 * n - (length - 1)) / (length - 1); // Exactly symmetric.
    const root = Math.sqrt((1 - place) * (1 + place));
    return (besselI0Scaled(beta * root) / atCentre) * Math.exp(beta * (root - 1));
  });
}
