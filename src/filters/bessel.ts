/**
 * The two Bessel functions that low-pass kernels are made of, in float64, by the midpoint rule on
 * their integrals over one period (DLMF 10.9.2 and 10.32.1). Of a periodic analytic integrand that
 * rule converges faster than any power: its error is a Bessel function of an order above the number
 * of points, so the point counts below leave only rounding.
 */

/**
 * J1(x), the Bessel function of the first kind of order one; error at most a few 1e-16, relative
 * where x is small.
 */
export function besselJ1(x: number): number {
  // The integrand is even about 0 and pi / 2: a quarter of the period suffices.
  const points = Math.ceil(Math.abs(x) / 3) + 12;
  let sum = 0;
  for (let k = 0; k < points; k++) {
    const sine = Math.sin((Math.PI * (k + 0.5)) / (2 * points));
    sum += sine * Math.sin(x * sine);
  }
  return sum / points;
}

/**
 * exp(-|x|) I0(x), the modified Bessel function of order zero, scaled so that it never overflows;
 * relative error 1e-15.
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
