/** LayerNorm: each row is normalized over its channels. See ../normalize.ts for the formula. */
import { normalize, normalizeGrad } from "../shared/normalize.ts";
import { registerReference, type Values } from "../shared/reference.ts";

/** x [rows, channels], scale and offset [channels]. */
export function layerNormReference(x: Values, scale: Values, offset: Values): Values {
  return normalize(x, scale, offset, x.shape[1]!);
}

/** The gradients for x, scale and offset. */
export function layerNormGradReference(x: Values, dy: Values, scale: Values): Values[] {
  return normalizeGrad(x, dy, scale, x.shape[1]!);
}

registerReference("LayerNorm", ({ x, scale, offset }) => layerNormReference(x!, scale!, offset!));
registerReference("LayerNormGrad", ({ x, dy, scale }) => layerNormGradReference(x!, dy!, scale!));
