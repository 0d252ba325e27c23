/**
 * Periodic cubic spline interpolation as numbers: the weights of a B-spline's four taps, and the
 * filter that turns pixels into the spline's coefficients. Rotate and shift share it.
 *
 * Source: Unser, "Splines: a perfect fit for signal and image processing" (1999). SciPy calls this
 * boundary mode `grid-wrap`.
 */

/** The four coefficients, with their weights, that determine a value between the pixels. */
export interface SplineTaps {
  /** Pixel indices, wrapped into the signal. */
  positions: [number, number, number, number];
  weights: [number, number, number, number];
}

/** The pole of the cubic B-spline's inverse filter. */
const pole = Math.sqrt(3) - 2;

/** The taps at a coordinate in pixels, for a signal with period `length`. */
export function splineTaps(coordinate: number, length: number): SplineTaps {
  const first = Math.floor(coordinate);
  const u = coordinate - first;
  const v = 1 - u;
  const wrap = (position: number) => ((position % length) + length) % length;
  return {
    positions: [wrap(first - 1), wrap(first), wrap(first + 1), wrap(first + 2)],
    weights: [v ** 3 / 6, 2 / 3 - u ** 2 * (1 - u / 2), 2 / 3 - v ** 2 * (1 - v / 2), u ** 3 / 6],
  };
}

/**
 * The first row of the symmetric circulant matrix that turns pixels into B-spline coefficients. It
 * is the inverse of (1/6, 4/6, 1/6) on a circle, in closed form.
 */
export function splineFilter(length: number): Float64Array {
  const scale = Math.sqrt(3) / (1 - pole ** length);
  return Float64Array.from({ length }, (_, k) => scale * (pole ** k + pole ** (length - k)));
}

/** The weights of all pixels for the spline's value at a coordinate: filter and taps in one row. */
export function splineRow(coordinate: number, filter: Float64Array): Float64Array {
  const length = filter.length;
  const { positions, weights } = splineTaps(coordinate, length);
  return Float64Array.from({ length }, (_, pixel) => {
    let sum = 0;
    for (let tap = 0; tap < 4; tap++) {
      sum += weights[tap]! * filter[(positions[tap]! - pixel + length) % length]!;
    }
    return sum;
  });
}
