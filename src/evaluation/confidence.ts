/** Confidence intervals of means and of their differences, by Student's t. */

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
  const estimate = estimateOf(values);
  if (!estimate) return { mean, low: null, high: null, count };
  const half = halfInterval(estimate.standardError, estimate.degrees);
  return { mean, low: mean - half, high: mean + half, count };
}

/**
 * Half the 95 % confidence interval that {@link confidenceInterval} gives; null if it gives none.
 */
export function halfOf({ low, high }: Interval): number | null {
  return low === null || high === null ? null : (high - low) / 2;
}

/**
 * Half the 95 % confidence interval of a figure.
 *
 * @param degrees of freedom of the standard error, fractions too; infinite if it comes from many
 *   values
 */
export function halfInterval(standardError: number, degrees = Infinity): number {
  return quantileFor(degrees) * standardError;
}

/** A mean, its standard error, and that error's degrees of freedom. */
export interface Estimate {
  mean: number;
  /** Of the values, with n - 1. */
  standardDeviation: number;
  standardError: number;
  degrees: number;
}

/** The mean of independent values; null for a single value, which tells no error. */
export function estimateOf(values: readonly number[]): Estimate | null {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2 || !Number.isFinite(mean)) return null;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return {
    mean,
    standardDeviation: Math.sqrt(variance),
    standardError: Math.sqrt(variance / count),
    degrees: count - 1,
  };
}

/** Half the 95 % confidence interval of the difference of two independent means, by Welch. */
export function welchHalf(
  a: Pick<Estimate, "standardError" | "degrees">,
  b: Pick<Estimate, "standardError" | "degrees">,
): number {
  const squares = [a, b].map(({ standardError }) => standardError ** 2);
  const sum = squares.reduce((total, square) => total + square, 0);
  if (sum === 0) return 0;
  const inverse = [a, b].reduce(
    (total, { standardError, degrees }) => total + standardError ** 4 / degrees,
    0,
  );
  return halfInterval(Math.sqrt(sum), sum ** 2 / inverse);
}

/**
 * Student's 97.5 % point for fractional degrees: slightly too large, because it uses a chord over
 * the curve, which is convex in 1 / degrees.
 */
function quantileFor(degrees: number): number {
  // Above a thousand degrees it equals the normal distribution's to three digits.
  const whole = Math.min(1000, Math.max(1, Math.floor(degrees)));
  const below = studentQuantile(0.975, whole);
  if (!(degrees < 1000) || degrees <= whole) return below;
  return below +
    (studentQuantile(0.975, whole + 1) - below) * (1 / whole - 1 / degrees) * whole * (whole + 1);
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
