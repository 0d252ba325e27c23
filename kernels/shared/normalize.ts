/**
 * Normalization of groups of consecutive numbers from its formula, for the references of GroupNorm
 * (a group is an image) and LayerNorm (a group is a row). Channels are the last axis, and the
 * variance is the biased one:
 *
 *     xHat = (x - mean) / sqrt(variance + epsilon)
 *     y = xHat scale + offset
 */
import { type Values, zeros } from "./reference.ts";

/** Added to the variance; PyTorch's default. */
export const epsilon = 1e-5;

interface Group {
  start: number;
  end: number;
  mean: number;
  deviation: number;
}

function groupsOf(x: Values, length: number): Group[] {
  return Array.from({ length: x.data.length / length }, (_, group) => {
    const start = group * length;
    const end = start + length;
    const values = x.data.subarray(start, end);
    const mean = values.reduce((sum, value) => sum + value, 0) / length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length;
    return { start, end, mean, deviation: Math.sqrt(variance + epsilon) };
  });
}

/** Mean and 1 / deviation of each group of `length` numbers, [groups, 2]. */
export function groupStatistics(x: Values, length: number): Values {
  const statistics = groupsOf(x, length).flatMap(({ mean, deviation }) => [mean, 1 / deviation]);
  return { shape: [statistics.length / 2, 2], data: Float64Array.from(statistics) };
}

/** Normalizes groups of `length` numbers of x; scale and offset have one number per channel. */
export function normalize(x: Values, scale: Values, offset: Values, length: number): Values {
  const channels = scale.data.length;
  const y = zeros(x.shape);
  for (const { start, end, mean, deviation } of groupsOf(x, length)) {
    for (let i = start; i < end; i++) {
      const channel = i % channels;
      y.data[i] = (x.data[i]! - mean) / deviation * scale.data[channel]! + offset.data[channel]!;
    }
  }
  return y;
}

/** The gradients of a normalization. */
export type NormGradients = [dx: Values, dscale: Values, doffset: Values];

/**
 * The gradients for x, scale and offset. With g = dy scale, and means over the group:
 *
 *     dx = (g - mean(g) - xHat mean(g xHat)) / deviation
 *     dscale = sum(dy xHat)
 *     doffset = sum(dy)
 *
 * The means are computed from each channel's sums of dy and of dy xHat, which are also dscale and
 * doffset. With an infinite scale this gives a different kind of infinity than the sum of products.
 */
export function normalizeGrad(
  x: Values,
  dy: Values,
  scale: Values,
  length: number,
): NormGradients {
  const channels = scale.data.length;
  const dx = zeros(x.shape);
  const dscale = zeros([channels]);
  const doffset = zeros([channels]);
  for (const { start, end, mean, deviation } of groupsOf(x, length)) {
    const sums = zeros([channels]);
    const products = zeros([channels]);
    for (let i = start; i < end; i++) {
      const channel = i % channels;
      sums.data[channel]! += dy.data[i]!;
      products.data[channel]! += dy.data[i]! * (x.data[i]! - mean) / deviation;
    }
    let sumG = 0;
    let sumGXHat = 0;
    for (let channel = 0; channel < channels; channel++) {
      sumG += scale.data[channel]! * sums.data[channel]!;
      sumGXHat += scale.data[channel]! * products.data[channel]!;
      dscale.data[channel]! += products.data[channel]!;
      doffset.data[channel]! += sums.data[channel]!;
    }
    for (let i = start; i < end; i++) {
      const xHat = (x.data[i]! - mean) / deviation;
      const g = dy.data[i]! * scale.data[i % channels]!;
      dx.data[i] = (g - sumG / length - xHat * sumGXHat / length) / deviation;
    }
  }
  return [dx, dscale, doffset];
}
