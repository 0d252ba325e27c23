/**
 * The reference transformations of the equivariance measures: whole and fractional shifts,
 * rotations, and a rotation's loss of frequencies without the rotation, each with a mask of its
 * known pixels. They use float64 and are independent of the transformations in sampling, so that
 * errors in those cannot cancel.
 *
 * Source: Karras et al., "Alias-Free Generative Adversarial Networks" (StyleGAN3), arXiv
 * 2106.12423, appendix E: Lanczos windows with a = 3. A rotation's filter is the convolution of the
 * input's and the output's sinc, windowed by the convolution of their windows, sampled four times
 * finer than the pixels and read bilinearly. Here the image repeats beyond the frame, which does
 * not affect any pixel of the mask.
 */
import { rotationCoordinates } from "../../kernels/rotate/mod.ts";
import { lanczosWindow, lobes, rotationFilter, sinc } from "./rotation_filter.ts";
import { pairs } from "../collections/elements.ts";

/** Height and width in pixels. */
export type PlaneSize = [height: number, width: number];

/** A linear transformation of a plane. */
export interface Resampling {
  /** Maps height x width values to height x width values, in row-major order. */
  apply(plane: Float64Array): Float64Array;
  /** 1 if the result comes only from pixels inside the frame, otherwise 0. */
  mask: Uint8Array;
}

const wrap = (position: number, length: number) => ((position % length) + length) % length;

/**
 * Shifts by whole or fractional pixels: `columns` to the right, `rows` down. Whole shifts are
 * exact.
 */
export function lanczosShift(
  [height, width]: PlaneSize,
  columns: number,
  rows: number,
): Resampling {
  const down = lineShift(height, rows);
  const right = lineShift(width, columns);
  return {
    apply: (plane) =>
      alongHeight(alongWidth(plane, [height, width], right.taps), [height, width], down.taps),
    mask: outer(down.mask, right.mask),
  };
}

/**
 * Shifts by the ideal interpolation of a periodic image: the phase of every frequency rotates. The
 * highest frequency of an even size, of which only the cosine is visible, is split in two halves.
 *
 * Source: Zhou et al., "Alias-Free Latent Diffusion Models", arXiv 2503.09419.
 */
export function fourierShift(
  [height, width]: PlaneSize,
  columns: number,
  rows: number,
): Resampling {
  const down = fourierTaps(height, rows);
  const right = fourierTaps(width, columns);
  // Every pixel of the frame counts, except those that wrapped around from the other side.
  const inside = (length: number, pixels: number) =>
    Uint8Array.from({ length }, (_, i) => i - pixels >= 0 && i - pixels <= length - 1 ? 1 : 0);
  return {
    apply: (plane) => alongHeight(alongWidth(plane, [height, width], right), [height, width], down),
    mask: outer(inside(height, rows), inside(width, columns)),
  };
}

/** Rotates counter-clockwise as displayed, around the centre. */
export function lanczosRotation([height, width]: PlaneSize, degrees: number): Resampling {
  const up = 4;
  const { values, reach } = rotationFilter(degrees, up);
  const side = 2 * reach + 1;
  const coordinates = rotationCoordinates([height, width], degrees);
  const known = (position: number, length: number) => {
    const fine = Math.round(up * position + up / 2);
    return fine > reach && fine < up * length - reach - 1;
  };
  const at = (row: number, column: number) =>
    Math.abs(row) > reach || Math.abs(column) > reach
      ? 0
      : values[(row + reach) * side + column + reach]!;
  /** The filter between its samples. */
  function filterAt(y: number, x: number): number {
    const i = Math.floor(y);
    const j = Math.floor(x);
    const v = y - i;
    const u = x - j;
    return (1 - v) * ((1 - u) * at(i, j) + u * at(i, j + 1)) +
      v * ((1 - u) * at(i + 1, j) + u * at(i + 1, j + 1));
  }
  return planeTaps([height, width], 4 * lobes + 1, (pixel, add) => {
    const y = coordinates[2 * pixel]!;
    const x = coordinates[2 * pixel + 1]!;
    for (let row = Math.ceil(y - 2 * lobes); row <= y + 2 * lobes; row++) {
      for (let column = Math.ceil(x - 2 * lobes); column <= x + 2 * lobes; column++) {
        add(row, column, filterAt(up * (y - row), up * (x - column)));
      }
    }
    return known(y, height) && known(x, width);
  });
}

/**
 * Applies a rotation's effect on frequencies to an image that is already rotated. StyleGAN3's code
 * samples the rotated sinc at whole pixels, which aliases the corners of its band and amplifies the
 * highest frequencies (1.85 times at 45 degrees). Here the filter follows the definition, flat over
 * the common band.
 */
export function pseudoRotation(size: PlaneSize, degrees: number): Resampling {
  const { values, reach } = rotationFilter(-degrees, 1);
  const side = 2 * reach + 1;
  const inside = (position: number, length: number) =>
    position >= reach && position < length - reach;
  return planeTaps(size, side, (pixel, add) => {
    const row = Math.floor(pixel / size[1]);
    const column = pixel % size[1];
    values.forEach((value, tap) =>
      add(row + Math.floor(tap / side) - reach, column + tap % side - reach, value)
    );
    return inside(row, size[0]) && inside(column, size[1]);
  });
}

/**
 * A transformation by the taps of each pixel, at most `side` squared of them. `tapsOf` adds them,
 * with row and column not yet wrapped into the frame, and returns whether the mask knows the pixel.
 */
function planeTaps(
  [height, width]: PlaneSize,
  side: number,
  tapsOf: (pixel: number, add: (row: number, column: number, weight: number) => void) => boolean,
): Resampling {
  const pixels = height * width;
  const taps = side * side;
  const mask = new Uint8Array(pixels);
  const sources = new Int32Array(pixels * taps);
  const weights = new Float64Array(pixels * taps);
  for (let pixel = 0; pixel < pixels; pixel++) {
    let next = pixel * taps;
    mask[pixel] = Number(tapsOf(pixel, (row, column, weight) => {
      sources[next] = wrap(row, height) * width + wrap(column, width);
      weights[next++] = weight;
    }));
  }
  return {
    mask,
    apply(plane) {
      const result = new Float64Array(pixels);
      for (let pixel = 0, tap = 0; pixel < pixels; pixel++) {
        let sum = 0;
        for (const end = tap + taps; tap < end; tap++) sum += weights[tap]! * plane[sources[tap]!]!;
        result[pixel] = sum;
      }
      return result;
    },
  };
}

/** For each output position, the weights of some input positions. */
type LineTaps = { at: number; weight: number }[][];

function lineShift(length: number, pixels: number): { taps: LineTaps; mask: Uint8Array } {
  const whole = Math.floor(pixels);
  const fraction = pixels - whole;
  const offsets = fraction === 0 ? [0] : Array.from({ length: 2 * lobes }, (_, i) => i - lobes + 1);
  const weights = offsets.map((offset) =>
    sinc(offset - fraction) * lanczosWindow(offset - fraction)
  );
  const sum = weights.reduce((a, b) => a + b);
  const sources = (i: number) => offsets.map((offset) => i - whole - offset);
  return {
    taps: Array.from(
      { length },
      (_, i) =>
        pairs(sources(i), weights).map(([source, weight]) => ({
          at: wrap(source, length),
          weight: weight / sum,
        })),
    ),
    mask: Uint8Array.from(
      { length },
      (_, i) => sources(i).every((at) => at >= 0 && at < length) ? 1 : 0,
    ),
  };
}

function fourierTaps(length: number, pixels: number): LineTaps {
  const weight = (distance: number) => {
    let sum = 1;
    for (let k = 1; k <= length / 2; k++) {
      const phase = (at: number) => Math.cos(2 * Math.PI * k * at / length);
      sum += 2 * k === length ? phase(distance + pixels) * phase(pixels) : 2 * phase(distance);
    }
    return sum / length;
  };
  return Array.from(
    { length },
    (_, i) => Array.from({ length }, (_, at) => ({ at, weight: weight(i - at - pixels) })),
  );
}

function alongWidth(plane: Float64Array, [height, width]: PlaneSize, taps: LineTaps): Float64Array {
  return Float64Array.from({ length: height * width }, (_, pixel) => {
    const line = pixel - pixel % width;
    return taps[pixel % width]!.reduce(
      (sum, { at, weight }) => sum + weight * plane[line + at]!,
      0,
    );
  });
}

function alongHeight(
  plane: Float64Array,
  [height, width]: PlaneSize,
  taps: LineTaps,
): Float64Array {
  return Float64Array.from({ length: height * width }, (_, pixel) => {
    const column = pixel % width;
    return taps[(pixel - column) / width]!.reduce(
      (sum, { at, weight }) => sum + weight * plane[at * width + column]!,
      0,
    );
  });
}

function outer(rows: Uint8Array, columns: Uint8Array): Uint8Array {
  return Uint8Array.from(
    { length: rows.length * columns.length },
    (_, i) => rows[Math.floor(i / columns.length)]! * columns[i % columns.length]!,
  );
}
