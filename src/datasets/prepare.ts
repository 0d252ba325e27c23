/** From an image of any size and kind to the pixels that a network sees. */
import type { Image } from "../formats/image.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { resize } from "./resize.ts";

/** The target format of images. */
export interface Target {
  /** Pixels per side. */
  imageSize: number;
  channels: 1 | 3;
  /** For images that are not square: crop the central square, or squash the whole image. */
  fit: ResolvedSpec["data"]["fit"];
}

/** The central square; if it cannot be centred exactly, it is half a pixel further up or left. */
function cropSquare({ width, height, channels, data }: Image): Image {
  const side = Math.min(width, height);
  const left = (width - side) >> 1;
  const top = (height - side) >> 1;
  const square = new Uint8Array(side * side * channels);
  const row = side * channels;
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * channels;
    square.set(data.subarray(from, from + row), y * row);
  }
  return { width: side, height: side, channels, data: square };
}

/** How each option makes an image square. An option without a function here does not compile. */
export const fits: Record<Target["fit"], (image: Image) => Image> = {
  "crop": cropSquare,
  "squash": (image) => image,
};

/**
 * Writes an image as imageSize * imageSize * channels bytes. It is resized in floating point (the
 * golden resize) and rounded once, halves up. Grey becomes three equal channels; colours become
 * grey by ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, as in PIL.
 */
export function preparePixels(
  image: Image,
  { imageSize, channels, fit }: Target,
  out: Uint8Array,
): void {
  const whole = image.width === image.height ? image : fits[fit](image);
  const same = whole.width === imageSize && whole.height === imageSize;
  const values = same ? whole.data : resize(whole, imageSize, imageSize);
  const from = image.channels;
  for (let pixel = 0; pixel < imageSize * imageSize; pixel++) {
    const at = pixel * from;
    if (from === channels) {
      for (let c = 0; c < channels; c++) out[at + c] = Math.floor(values[at + c]! + 0.5);
    } else if (from === 1) {
      out.fill(Math.floor(values[at]! + 0.5), pixel * 3, pixel * 3 + 3);
    } else {
      out[pixel] = Math.floor(
        0.299 * values[at]! + 0.587 * values[at + 1]! + 0.114 * values[at + 2]! + 0.5,
      );
    }
  }
}
