/**
 * The loops that the references of filtered resampling share: which tap of a low-pass kernel meets
 * which pixel, the sum over them, and its transpose.
 */
import { type Values, zeros } from "./reference.ts";
import { sizes2, sizes4 } from "./ranks.ts";

/** A tap's index, and the index of the input pixel that it is multiplied with. */
export interface Tap {
  tap: number;
  source: number;
}

/**
 * Zero padding before the first pixel for PyTorch's `padding="same"`. For an even kernel, the extra
 * zero comes after the last pixel.
 */
export function padding(taps: number): number {
  return Math.floor((taps - 1) / 2);
}

function tapsWhere(
  outputs: number,
  taps: number,
  source: (output: number, tap: number) => number | null,
): Tap[][] {
  return Array.from({ length: outputs }, (_, output) => {
    const found: Tap[] = [];
    for (let tap = 0; tap < taps; tap++) {
      const at = source(output, tap);
      if (at !== null) found.push({ tap, source: at });
    }
    return found;
  });
}

/**
 * Along one axis, for each of the `ceil(length / 2)` kept pixels: the taps that meet an input
 * pixel.
 */
export function downsampleTaps(length: number, taps: number): Tap[][] {
  return tapsWhere(Math.ceil(length / 2), taps, (output, tap) => {
    const at = 2 * output + tap - padding(taps);
    return at >= 0 && at < length ? at : null;
  });
}

/**
 * Along one axis, for each of the `2 length` pixels: the taps that meet a pixel, rather than one of
 * the zeros in between.
 */
export function upsampleTaps(length: number, taps: number): Tap[][] {
  return tapsWhere(2 * length, taps, (output, tap) => {
    const at = output + tap - padding(taps);
    return at >= 0 && at < 2 * length && at % 2 === 0 ? at / 2 : null;
  });
}

/**
 * Calls back for each product of a filtered resampling with the offsets of the output and the input
 * pixel, and the tap.
 */
function eachProduct(
  batch: number,
  [inputHeight, inputWidth]: [number, number],
  channels: number,
  lowpass: Values,
  rows: Tap[][],
  columns: Tap[][],
  visit: (output: number, input: number, weight: number) => void,
): void {
  const [, taps] = sizes2(lowpass.shape);
  for (let image = 0; image < batch; image++) {
    rows.forEach((rowTaps, row) =>
      columns.forEach((columnTaps, column) => {
        const output = ((image * rows.length + row) * columns.length + column) * channels;
        for (const r of rowTaps) {
          for (const c of columnTaps) {
            const input = ((image * inputHeight + r.source) * inputWidth + c.source) * channels;
            const weight = lowpass.data[r.tap * taps + c.tap]!;
            for (let channel = 0; channel < channels; channel++) {
              visit(output + channel, input + channel, weight);
            }
          }
        }
      })
    );
  }
}

/** Filtered resampling: each output pixel is the sum of its taps times their pixels. */
export function resample(x: Values, lowpass: Values, taps: typeof upsampleTaps): Values {
  const [batch, height, width, channels] = sizes4(x.shape);
  const [size] = sizes2(lowpass.shape);
  const rows = taps(height, size);
  const columns = taps(width, size);
  const y = zeros([batch, rows.length, columns.length, channels]);
  eachProduct(batch, [height, width], channels, lowpass, rows, columns, (output, input, weight) => {
    y.data[output]! += weight * x.data[input]!;
  });
  return y;
}

/**
 * The transpose of {@link resample}, which is its gradient: each product carries dy back to the
 * pixel it came from.
 */
export function resampleTransposed(
  dy: Values,
  lowpass: Values,
  [height, width]: [number, number],
  taps: typeof upsampleTaps,
): Values {
  const [batch, , , channels] = sizes4(dy.shape);
  const [size] = sizes2(lowpass.shape);
  const dx = zeros([batch, height, width, channels]);
  eachProduct(
    batch,
    [height, width],
    channels,
    lowpass,
    taps(height, size),
    taps(width, size),
    (output, input, weight) => {
      dx.data[input]! += weight * dy.data[output]!;
    },
  );
  return dx;
}
