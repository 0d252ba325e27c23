/** Confidence intervals over seeds, by Student's t. */

/** A mean and its uncertainty. */
export interface Interval {
  mean: number;
  /**
   * The bounds of the 95 % confidence interval; null for a single value, and if a value is
   * infinite.
   */
  low: number | null;
  high: number | null;
  count: number;
}

/**
 * The mean of independent values and its 95 % confidence interval by Student's t. Throws if there
 * are no values.
 */
export function confidenceInterval(values: number[]): Interval {
  const count = values.length;
  if (count === 0) throw new RangeError("a confidence interval needs at least one value");
  const mean = values.reduce((a, b) => a + b) / count;
  if (count === 1 || !Number.isFinite(mean)) return { mean, low: null, high: null, count };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const half = studentQuantile(0.975, count - 1) * Math.sqrt(variance / count);
  return { mean, low: mean - half, high: mean + half, count };
}

/**
 * The quantile of Student's t distribution for a probability from 1/2 to 1, for whole degrees of
 * freedom.
 *
 * Uses the finite series of the distribution in the angle arctan(t / sqrt(degrees)): Abramowitz and
 * Stegun, 26.7.3 and 26.7.4.
 */
export function studentQuantile(part: number, degrees: number): number {
  let low = 0;
  let high = Math.PI / 2;
  for (let i = 0; i < 60; i++) {
    const angle = (low + high) / 2;
    if (1 / 2 + withinAngle(angle, degrees) / 2 < part) low = angle;
    else high = angle;
  }
  return Math.sqrt(degrees) * Math.tan((low + high) / 2);
}

/** The probability of values between -t and t. */
function withinAngle(angle: number, degrees: number): number {
  const odd = degrees % 2 === 1;
  const cosine = Math.cos(angle);
  let term = odd ? cosine : 1;
  let sum = 0;
  for (let k = odd ? 1 : 0; k < degrees - 1; k += 2) {
    sum += term;
    term *= cosine ** 2 * (k + 1) / (k + 2);
  }
  return odd ? 2 / Math.PI * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}
