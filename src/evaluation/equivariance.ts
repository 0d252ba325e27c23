/**
 * Equivariance as numbers: does transforming the input transform the output in the same way? EQ-T
 * (whole pixels), EQ-T_frac (fractions) and EQ-R (rotations) are those of StyleGAN3 (Karras et al.,
 * arXiv 2106.12423, section 2 and appendix E): 10 log10(2^2 / mean squared error) in decibels, over
 * the pixels that the mask marks as known. The shift PSNR is that of Alias-Free Latent Diffusion
 * (Zhou et al., arXiv 2503.09419): ideal periodic shifts, with the values' own range as the peak.
 *
 * Two things are measured:
 * - A network's prediction: f(T x) against T f(x). T is the same for input and output, so that its
 *   own losses affect both sides.
 * - A sampling run: the images of a run that rotates or shifts, against the transformed images of a
 *   run that does not. Only the latter pass through T. For rotations, the former are therefore
 *   limited to the frequencies that a rotation preserves, as in StyleGAN3.
 */
import { philox4x32, philoxKey } from "../../kernels/random_normal/philox.ts";
import { uses } from "./draw.ts";
import {
  fourierShift,
  lanczosRotation,
  lanczosShift,
  type PlaneSize,
  pseudoRotation,
  type Resampling,
} from "./lanczos.ts";

/** Images as numbers. */
export interface Images {
  /** Number of images, height, width, channels. */
  shape: [number, number, number, number];
  /** In row-major order. */
  values: Float32Array;
}

/**
 * The measures: whole and fractional shifts, rotations, and the shift PSNR of Alias-Free Latent
 * Diffusion.
 */
export const measures = ["EQ-T", "EQ-T_frac", "EQ-R", "shift PSNR"] as const;
/** One of {@link measures}. */
export type Measure = typeof measures[number];

/** A transformation for one measure: rotations use `degrees`, shifts the other two. */
export interface Transformation {
  /** The measure whose interpolation is used. */
  measure: Measure;
  /** Counter-clockwise as displayed. */
  degrees: number;
  /** Pixels to the right. */
  columns: number;
  /** Pixels down. */
  rows: number;
}

/**
 * Sums from which a score is computed; those of several transformations and batches can be added.
 */
export interface ErrorSum {
  /** The sum of squared differences. */
  squares: number;
  /** The number of differences. */
  count: number;
  /** The smallest value; the range is the peak of the shift PSNR. */
  min: number;
  /** The largest value. */
  max: number;
}

/**
 * Shifts reach this fraction of the image's side in each direction, rotations 180 degrees, as in
 * StyleGAN3.
 */
const maxShift = 0.125;

/**
 * Draws transformations for a measure: uniform shifts up to an eighth of the side, uniform
 * rotations. A whole shift that rounds to zero is drawn again: it would measure nothing, and is
 * common for small images.
 */
export function drawTransformations(
  measure: Measure,
  [height, width]: PlaneSize,
  count: number,
  seed: number,
): Transformation[] {
  const key = philoxKey(seed, "evaluation");
  const drawn: Transformation[] = [];
  for (let i = 0; drawn.length < count; i++) {
    const words = philox4x32(
      [i, measures.indexOf(measure), uses.equivarianceTransformations, 0],
      key,
    );
    const uniform = Array.from(words, (word) => 2 * (word + 0.5) / 2 ** 32 - 1);
    const [x = 0, y = 0, turn = 0] = uniform;
    const columns = x * maxShift * width;
    const rows = y * maxShift * height;
    if (measure === "EQ-R") drawn.push({ measure, degrees: 180 * turn, columns: 0, rows: 0 });
    else if (measure !== "EQ-T") drawn.push({ measure, degrees: 0, columns, rows });
    else if (Math.round(columns) !== 0 || Math.round(rows) !== 0) {
      drawn.push({ measure, degrees: 0, columns: Math.round(columns), rows: Math.round(rows) });
    }
  }
  return drawn;
}

/** The transformation itself, with the measure's own interpolation. */
export function resamplingOf(
  { measure, degrees, columns, rows }: Transformation,
  size: PlaneSize,
): Resampling {
  if (measure === "EQ-R") return lanczosRotation(size, degrees);
  return measure === "shift PSNR"
    ? fourierShift(size, columns, rows)
    : lanczosShift(size, columns, rows);
}

/** Applies a transformation to every channel of every image. */
export function resample({ shape, values }: Images, resampling: Resampling): Images {
  const [images, height, width, channels] = shape;
  const pixels = height * width;
  const result = new Float32Array(values.length);
  const plane = new Float64Array(pixels);
  for (let image = 0; image < images; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const at = (pixel: number) => (image * pixels + pixel) * channels + channel;
      for (let pixel = 0; pixel < pixels; pixel++) plane[pixel] = values[at(pixel)]!;
      resampling.apply(plane).forEach((value, pixel) => result[at(pixel)] = value);
    }
  }
  return { shape, values: result };
}

/**
 * How far a function of images is from commuting with a transformation: f(T x) against T f(x).
 *
 * @param predict images to images of the same size
 * @param x the input
 * @param base predict(x), if it is already known
 */
export async function predictionError(
  predict: (x: Images) => Promise<Images> | Images,
  x: Images,
  resampling: Resampling,
  base?: Images,
): Promise<ErrorSum> {
  const before = await predict(resample(x, resampling));
  return maskedError(before, resample(base ?? await predict(x), resampling), resampling.mask);
}

/**
 * How far the images of a run that rotates or shifts are from the transformed images of a run that
 * does not.
 *
 * @param moved images of the run with rotation or shift
 * @param still images with the same indices and seed, without motion
 * @param transformation the total transformation of the run
 */
export function samplingError(
  moved: Images,
  still: Images,
  transformation: Transformation,
): ErrorSum {
  const size: PlaneSize = [still.shape[1], still.shape[2]];
  const resampling = resamplingOf(transformation, size);
  const reference = resample(still, resampling);
  if (transformation.measure !== "EQ-R") return maskedError(moved, reference, resampling.mask);
  const pseudo = pseudoRotation(size, transformation.degrees);
  return maskedError(
    resample(moved, pseudo),
    reference,
    resampling.mask.map((known, i) => known * pseudo.mask[i]!),
  );
}

/** The squared differences over the pixels of the mask. */
export function maskedError(a: Images, b: Images, mask: Uint8Array): ErrorSum {
  const channels = a.shape[3];
  const sum = { squares: 0, count: 0, min: Infinity, max: -Infinity };
  for (let i = 0; i < a.values.length; i++) {
    if (mask[Math.floor(i / channels) % mask.length] === 0) continue;
    const x = a.values[i]!;
    const y = b.values[i]!;
    sum.squares += (x - y) ** 2;
    sum.count++;
    sum.min = Math.min(sum.min, x, y);
    sum.max = Math.max(sum.max, x, y);
  }
  return sum;
}

/** Adds the sums of several transformations or batches. */
export function addErrors(errors: ErrorSum[]): ErrorSum {
  return errors.reduce((a, b) => ({
    squares: a.squares + b.squares,
    count: a.count + b.count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  }));
}

/**
 * A score in decibels; higher is better. Infinity if nothing differs; null if no pixel is known, as
 * for rotations of images below 16 pixels, where the filters leave none.
 */
export function decibels(
  measure: Measure,
  { squares, count, min, max }: ErrorSum,
): number | null {
  if (count === 0) return null;
  const peak = measure === "shift PSNR" ? max - min : 2;
  return 10 * Math.log10(peak ** 2 * count / squares);
}
