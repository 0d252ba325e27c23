/**
 * The two Bessel functions behind the low-pass kernels, in float64. Both apply the midpoint rule to
 * their integrals over one period (DLMF 10.9.2 and 10.32.1). For a periodic analytic integrand this
 * rule converges faster than any power: its error is a Bessel function whose order exceeds the
 * number of points. The point counts below leave only rounding error.
 */

/**
 * J1(x), the Bessel function of the first kind of order one. The error is at most a few 1e-16, and
 * is relative for small x.
 */
export function besselJ1(x: number): number {
  // The integrand is even about 0 and pi / 2, so a quarter of the period is enough.
  const points = Math.ceil(Math.abs(x) / 3) + 12;
  let sum = 0;
  for (let k = 0; k < points; k++) {
    const sine = Math.sin((Math.PI * (k + 0.5)) / (2 * points));
    sum += sine * Math.sin(x * sine);
  }
  return sum / points;
}

/**
 * exp(-|x|) I0(x), the modified Bessel function of order zero, scaled so that it never overflows.
 * The relative error is 1e-15.
 */
export function besselI0Scaled(x: number): number {
  const points = Math.ceil(5 * Math.sqrt(Math.abs(x))) + 20;
  let sum = 0;
  for (let k = 0; k < points; k++) {
    const sine = Math.sin((Math.PI * (k + 0.5)) / (2 * points));
    sum += Math.exp(-2 * Math.abs(x) * sine * sine);
  }
  return sum / points;
}
