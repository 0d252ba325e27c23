/**
 * The Kaiser window (J. F. Kaiser and R. W. Schafer, IEEE TASSP 28(1), 1980), with which low-pass
 * kernels are tapered.
 */
import { besselI0Scaled } from "./bessel.ts";

/**
 * The Kaiser window w[n] = I0(beta sqrt(1 - (2 n / (length - 1) - 1)^2)) / I0(beta), symmetric, at
 * most 1; equal to numpy.kaiser. Any beta works: the quotient is formed of scaled functions, which
 * do not overflow.
 *
 * @param length taps, an integer from 1
 * @param beta from 0 (a window of ones) upwards: more attenuation in the stopband, a wider
 *   transition
 * @throws RangeError where an argument is out of its range
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
    const place = Math.abs(2 * n - (length - 1)) / (length - 1); // Exactly alike on both sides.
    const root = Math.sqrt((1 - place) * (1 + place));
    return (besselI0Scaled(beta * root) / atCentre) * Math.exp(beta * (root - 1));
  });
}
