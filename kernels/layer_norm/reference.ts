/** LayerNorm: each row is normalized over its channels. See ../shared/normalize.ts for the formula. */
import { normalize, normalizeGrad, type NormGradients } from "../shared/normalize.ts";
import { registerReference, type Values } from "../shared/reference.ts";
import { taking } from "../shared/named.ts";
import { sizes2 } from "../shared/ranks.ts";

/** x [rows, channels], scale and offset [channels]. */
export function layerNormReference(x: Values, scale: Values, offset: Values): Values {
  return normalize(x, scale, offset, sizes2(x.shape)[1]);
}

/** The gradients for x, scale and offset. */
export function layerNormGradReference(x: Values, dy: Values, scale: Values): NormGradients {
  return normalizeGrad(x, dy, scale, sizes2(x.shape)[1]);
}

registerReference(
  "LayerNorm",
  taking(["x", "scale", "offset"], ({ x, scale, offset }) => layerNormReference(x, scale, offset)),
);
registerReference(
  "LayerNormGrad",
  taking(["x", "dy", "scale"], ({ x, dy, scale }) => layerNormGradReference(x, dy, scale)),
);
