/** Random motions of training images: the shift and rotation of each image of a step. */
import { philox4x32, philoxKey } from "../../kernels/random_normal/philox.ts";
import { type Motion, movedImage } from "../../kernels/rotate/mod.ts";

/** The maximum motion of an image. */
export interface MotionRange {
  /** Pixels in each direction. */
  shift: number;
  /** Degrees in both directions. */
  turn: number;
}

/**
 * The motions of the images of a step: uniform shifts of columns and rows, and uniform rotations.
 * Each is a function of the seed, the purpose, the step and the image's index in the batch.
 */
export function randomMotions(
  count: number,
  { shift, turn }: MotionRange,
  seed: number,
  purpose: "augmentation" | "equivariance",
  step: number,
): Motion[] {
  const key = philoxKey(seed, purpose);
  return Array.from({ length: count }, (_, image) => {
    const words = philox4x32([image, 0, step >>> 0, Math.floor(step / 2 ** 32)], key);
    const [columns, rows, degrees] = [shift, shift, turn].map((max, i) =>
      max * (2 * (words[i]! + 0.5) / 2 ** 32 - 1)
    ) as [number, number, number];
    return { columns, rows, degrees };
  });
}

/**
 * Moves each image by its motion, in place. Pixels are not clipped: a spline may slightly exceed
 * the range of the image's pixels.
 *
 * @param images N, H, W, C
 */
export function augmentImages(
  images: Float32Array,
  { imageSize, channels }: { imageSize: number; channels: number },
  motions: readonly Motion[],
): void {
  const elements = imageSize ** 2 * channels;
  motions.forEach((motion, i) => {
    const image = images.subarray(i * elements, (i + 1) * elements);
    image.set(movedImage(image, imageSize, channels, motion));
  });
}
