/**
 * Filtered upsampling from its formula. With z the image with zeros after each pixel and below each
 * row, and p the padding before the first pixel:
 *
 *     y[i, j] = sum over a, b of lowpass[a, b] z[i + a - p, j + b - p]
 *
 * Only the products where z holds a pixel are computed (the polyphase form).
 */
import { registerReference, type Values } from "../shared/reference.ts";
import { resample, resampleTransposed, upsampleTaps } from "../shared/taps.ts";
import { taking } from "../shared/named.ts";
import { sizes4 } from "../shared/ranks.ts";

/**
 * Maps x [batch, height, width, channels] and lowpass [taps, taps] to [batch, 2 height, 2 width,
 * channels].
 */
export function filteredUpsampleReference(x: Values, lowpass: Values): Values {
  return resample(x, lowpass, upsampleTaps);
}

/**
 * The gradient for x: maps dy [batch, 2 height, 2 width, channels] to [batch, height, width,
 * channels].
 */
export function filteredUpsampleGradReference(dy: Values, lowpass: Values): Values {
  const [, height, width] = sizes4(dy.shape);
  return resampleTransposed(dy, lowpass, [height / 2, width / 2], upsampleTaps);
}

registerReference(
  "FilteredUpsample",
  taking(["x", "lowpass"], ({ x, lowpass }) => filteredUpsampleReference(x, lowpass)),
);
registerReference(
  "FilteredUpsampleGrad",
  taking(["dy", "lowpass"], ({ dy, lowpass }) => filteredUpsampleGradReference(dy, lowpass)),
);
