/**
 * Images as this project holds them, independent of file formats: rows of 8-bit samples, channels
 * last.
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

/** Larger images are refused: datasets here are resized to at most 128 pixels per side. */
export const maxPixels = 50_000_000;
