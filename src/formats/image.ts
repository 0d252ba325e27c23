/**
 * What an image is here, before and after its file format: 8-bit samples in rows, channels last.
 */

/**
 * A decoded image: `data` holds height * width * channels bytes; grey (1) or red, green, blue (3).
 */
export interface Image {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array;
}

/** Larger images are refused: datasets here are resized to at most 128 pixels a side. */
export const mostPixels = 50_000_000;
