/**
 * GroupNorm with one group: each image is normalized over height, width and channels. See
 * ../normalize.ts for the formula.
 */
import { groupStatistics, normalize, normalizeGrad } from "../shared/normalize.ts";
import { registerReference, type Values } from "../shared/reference.ts";

function imageLength(x: Values): number {
  return x.shape[1]! * x.shape[2]! * x.shape[3]!;
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
export function groupNormGradReference(x: Values, dy: Values, scale: Values): Values[] {
  return normalizeGrad(x, dy, scale, imageLength(x));
}

registerReference("GroupNorm", ({ x, scale, offset }) => groupNormReference(x!, scale!, offset!));
registerReference("GroupNormGrad", ({ x, dy, scale }) => groupNormGradReference(x!, dy!, scale!));
