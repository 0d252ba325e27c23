/**
 * GroupNorm with one group: each image is normalized over height, width and channels. See
 * ../shared/normalize.ts for the formula.
 */
import {
  groupStatistics,
  normalize,
  normalizeGrad,
  type NormGradients,
} from "../shared/normalize.ts";
import { registerReference, type Values } from "../shared/reference.ts";
import { taking } from "../shared/named.ts";
import { sizes4 } from "../shared/ranks.ts";

function imageLength(x: Values): number {
  const [, height, width, channels] = sizes4(x.shape);
  return height * width * channels;
}

/** x [batch, height, width, channels], scale and offset [channels]. */
export function groupNormReference(x: Values, scale: Values, offset: Values): Values {
  return normalize(x, scale, offset, imageLength(x));
}

/** Mean and 1 / deviation of each image, [batch, 2]. */
export function groupStatisticsReference(x: Values): Values {
  return groupStatistics(x, imageLength(x));
}

/** The gradients for x, scale and offset. */
export function groupNormGradReference(x: Values, dy: Values, scale: Values): NormGradients {
  return normalizeGrad(x, dy, scale, imageLength(x));
}

registerReference(
  "GroupNorm",
  taking(["x", "scale", "offset"], ({ x, scale, offset }) => groupNormReference(x, scale, offset)),
);
registerReference(
  "GroupNormGrad",
  taking(["x", "dy", "scale"], ({ x, dy, scale }) => groupNormGradReference(x, dy, scale)),
);
