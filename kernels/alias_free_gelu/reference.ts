/**
 * The alias-free GELU as a chain of simpler operations, and its gradient as the same chain in
 * reverse.
 */
import {
  filteredDownsampleGradReference,
  filteredDownsampleReference,
} from "../filtered_downsample/reference.ts";
import {
  filteredUpsampleGradReference,
  filteredUpsampleReference,
} from "../filtered_upsample/reference.ts";
import { geluGradReference, geluReference } from "../gelu/reference.ts";
import {
  groupNormGradReference,
  groupNormReference,
  groupStatisticsReference,
} from "../group_norm/reference.ts";
import { registerReference, type Values } from "../shared/reference.ts";
import { taking } from "../shared/named.ts";
import { sizes4 } from "../shared/ranks.ts";

/** x [batch, height, width, channels], up and down [taps, taps]. */
export function aliasFreeGeluReference(x: Values, up: Values, down: Values): Values {
  return filteredDownsampleReference(geluReference(filteredUpsampleReference(x, up)), down);
}

/** The gradient for x. */
export function aliasFreeGeluGradReference(
  x: Values,
  dy: Values,
  up: Values,
  down: Values,
): Values {
  const doubled = filteredUpsampleReference(x, up);
  return filteredUpsampleGradReference(
    geluGradReference(doubled, filteredGrad(doubled, dy, down)),
    up,
  );
}

/**
 * The variant with a GroupNorm after the upsampling; scale and offset are [channels]. The second
 * output, mean and 1 / deviation of the doubled images [batch, 2], saves engines that do not store
 * the doubled image a pass in the gradient.
 */
export function aliasFreeNormGeluReference(
  x: Values,
  up: Values,
  down: Values,
  scale: Values,
  offset: Values,
): [y: Values, statistics: Values] {
  const doubled = filteredUpsampleReference(x, up);
  const normalized = groupNormReference(doubled, scale, offset);
  return [
    filteredDownsampleReference(geluReference(normalized), down),
    groupStatisticsReference(doubled),
  ];
}

/** The gradients for x, scale and offset. */
export function aliasFreeNormGeluGradReference(
  x: Values,
  dy: Values,
  up: Values,
  down: Values,
  scale: Values,
  offset: Values,
): Values[] {
  const doubled = filteredUpsampleReference(x, up);
  const normalized = groupNormReference(doubled, scale, offset);
  const dnormalized = geluGradReference(normalized, filteredGrad(normalized, dy, down));
  const [ddoubled, dscale, doffset] = groupNormGradReference(doubled, dnormalized, scale);
  return [filteredUpsampleGradReference(ddoubled, up), dscale, doffset];
}

function filteredGrad(doubled: Values, dy: Values, down: Values): Values {
  const [, height, width] = sizes4(doubled.shape);
  return filteredDownsampleGradReference(dy, down, height, width);
}

registerReference(
  "AliasFreeGelu",
  taking(["x", "up", "down"], ({ x, up, down }) => aliasFreeGeluReference(x, up, down)),
);
registerReference(
  "AliasFreeGeluGrad",
  taking(
    ["x", "dy", "up", "down"],
    ({ x, dy, up, down }) => aliasFreeGeluGradReference(x, dy, up, down),
  ),
);
registerReference(
  "AliasFreeNormGelu",
  taking(
    ["x", "up", "down", "scale", "offset"],
    ({ x, up, down, scale, offset }) => aliasFreeNormGeluReference(x, up, down, scale, offset),
  ),
);
registerReference(
  "AliasFreeNormGeluGrad",
  taking(
    ["x", "dy", "up", "down", "scale", "offset"],
    ({ x, dy, up, down, scale, offset }) =>
      aliasFreeNormGeluGradReference(x, dy, up, down, scale, offset),
  ),
);
