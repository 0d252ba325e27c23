/**
 * The error function in float64, for references. tfjs's own is accurate only to 1.5e-7.
 *
 * Source: NIST Digital Library of Mathematical Functions, 7.6.2 (series) and 7.9.1 (continued
 * fraction), https://dlmf.nist.gov/7
 */

/** The complement 1 - erf(x), with full relative accuracy for large x. */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x < 2) return 1 - erfSeries(x);
  if (x > 27) return 0; // below the smallest float64
  // Evaluate from the far end. From x = 2 on, 60 levels leave an error below 1e-15.
  let fraction = x;
  for (let level = 60; level >= 1; level--) fraction = x + level / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}

function erfSeries(x: number): number {
  if (x < -6) return -1; // exact to the last bit
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= 2 * x * x / (2 * n + 1);
    sum += term;
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}

/** The error function. */
export function erf(x: number): number {
  return Math.abs(x) < 2 ? erfSeries(x) : x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
}
