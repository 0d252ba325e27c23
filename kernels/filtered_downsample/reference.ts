/**
 * Filtered downsampling from its formula. With p the padding before the first pixel, and x zero
 * outside the image:
 *
 *     y[i, j] = sum over a, b of lowpass[a, b] x[2 i + a - p, 2 j + b - p]
 */
import { registerReference, type Values } from "../shared/reference.ts";
import { downsampleTaps, resample, resampleTransposed } from "../shared/taps.ts";
import { taking } from "../shared/named.ts";

/**
 * Maps x [batch, height, width, channels] and lowpass [taps, taps] to [batch, ceil(height / 2),
 * ceil(width / 2), channels].
 */
export function filteredDownsampleReference(x: Values, lowpass: Values): Values {
  return resample(x, lowpass, downsampleTaps);
}

/** The gradient for x with the given height and width. */
export function filteredDownsampleGradReference(
  dy: Values,
  lowpass: Values,
  height: number,
  width: number,
): Values {
  return resampleTransposed(dy, lowpass, [height, width], downsampleTaps);
}

registerReference(
  "FilteredDownsample",
  taking(["x", "lowpass"], ({ x, lowpass }) => filteredDownsampleReference(x, lowpass)),
);
registerReference(
  "FilteredDownsampleGrad",
  taking(
    ["dy", "lowpass"],
    ({ dy, lowpass }, { height, width }) =>
      filteredDownsampleGradReference(dy, lowpass, Number(height), Number(width)),
  ),
);
