/**
 * GELU between two maps of the axes, as a chain of simpler operations. With a bypass, half of what
 * the maps remove is added to it:
 *
 *     y = down(gelu(up(x))) + (x - down(up(x))) / 2
 *
 * Since gelu(w) is w / 2 and an even function, that is down(even(up(x))) + x / 2.
 */
import { mapAxesGradReference, mapAxesReference } from "../axis_map/reference.ts";
import {
  evenGeluGradReference,
  evenGeluReference,
  geluGradReference,
  geluReference,
} from "../gelu/reference.ts";
import { registerReference, type Values } from "../shared/reference.ts";
import { taking } from "../shared/named.ts";

/** x [batch, size, size, channels], up [larger, size], down [size, larger]. */
export function axisMapGeluReference(x: Values, up: Values, down: Values, bypass: boolean): Values {
  const doubled = mapAxesReference(x, up);
  if (!bypass) return mapAxesReference(geluReference(doubled), down);
  return withHalf(mapAxesReference(evenGeluReference(doubled), down), x);
}

/** The gradient for x. */
export function axisMapGeluGradReference(
  x: Values,
  dy: Values,
  up: Values,
  down: Values,
  bypass: boolean,
): Values {
  const doubled = mapAxesReference(x, up);
  const doubledDy = mapAxesGradReference(dy, down);
  if (!bypass) return mapAxesGradReference(geluGradReference(doubled, doubledDy), up);
  return withHalf(mapAxesGradReference(evenGeluGradReference(doubled, doubledDy), up), dy);
}

function withHalf(y: Values, x: Values): Values {
  return { shape: y.shape, data: y.data.map((value, i) => value + x.data[i]! / 2) };
}

registerReference(
  "AxisMapGelu",
  taking(
    ["x", "up", "down"],
    ({ x, up, down }, { bypass }) => axisMapGeluReference(x, up, down, Boolean(bypass)),
  ),
);
registerReference(
  "AxisMapGeluGrad",
  taking(
    ["x", "dy", "up", "down"],
    ({ x, dy, up, down }, { bypass }) => axisMapGeluGradReference(x, dy, up, down, Boolean(bypass)),
  ),
);
