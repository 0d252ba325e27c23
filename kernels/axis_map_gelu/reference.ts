/**
 * GELU between two maps of the axes, as a chain of simpler operations. With a bypass, half of what
 * the maps remove is added:
 *
 *     y = down(gelu(up(x))) + (x - down(up(x))) / 2
 */
import { mapAxesGradReference, mapAxesReference } from "../axis_map/reference.ts";
import { geluGradReference, geluReference } from "../gelu/reference.ts";
import { registerReference, type Values } from "../shared/reference.ts";

/** x [batch, size, size, channels], up [larger, size], down [size, larger]. */
export function axisMapGeluReference(x: Values, up: Values, down: Values, bypass: boolean): Values {
  const doubled = mapAxesReference(x, up);
  const y = mapAxesReference(geluReference(doubled), down);
  return bypass ? withHalf(y, x, mapAxesReference(doubled, down)) : y;
}

/** The gradient for x. */
export function axisMapGeluGradReference(
  x: Values,
  dy: Values,
  up: Values,
  down: Values,
  bypass: boolean,
): Values {
  const doubledDy = mapAxesGradReference(dy, down);
  const ddoubled = geluGradReference(mapAxesReference(x, up), doubledDy);
  const dx = mapAxesGradReference(ddoubled, up);
  return bypass ? withHalf(dx, dy, mapAxesGradReference(doubledDy, up)) : dx;
}

/** y + (whole - kept) / 2. */
function withHalf(y: Values, whole: Values, kept: Values): Values {
  const data = y.data.map((value, i) => value + (whole.data[i]! - kept.data[i]!) / 2);
  return { shape: y.shape, data };
}

registerReference(
  "AxisMapGelu",
  ({ x, up, down }, { bypass }) => axisMapGeluReference(x!, up!, down!, Boolean(bypass)),
);
registerReference(
  "AxisMapGeluGrad",
  ({ x, dy, up, down }, { bypass }) =>
    axisMapGeluGradReference(x!, dy!, up!, down!, Boolean(bypass)),
);
