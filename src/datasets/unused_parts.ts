/**
 * The parts of an image file that are not used: transparency, and the camera's orientation (EXIF).
 * Both are reported.
 */
import { isJpeg } from "../formats/jpeg.ts";
import { isPng } from "../formats/png.ts";
import { isWebp } from "../formats/webp.ts";

/** What an image file has beyond its pixels. */
export interface UnusedParts {
  /** Whether it has an alpha channel, or a transparent colour. */
  transparency: boolean;
  /** Whether its pixels should be displayed rotated or mirrored. */
  orientation: boolean;
}

const none: UnusedParts = { transparency: false, orientation: false };

const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const textAt = (bytes: Uint8Array, at: number, length: number) =>
  String.fromCharCode(...bytes.subarray(at, at + length));

/** The colour type with alpha, or a tRNS chunk before the pixels. */
function pngHasAlpha(bytes: Uint8Array): boolean {
  if (bytes[25] === 4 || bytes[25] === 6) return true;
  const view = viewOf(bytes);
  for (let at = 8; at + 8 <= bytes.length;) {
    const kind = textAt(bytes, at + 4, 4);
    if (kind === "tRNS") return true;
    if (kind === "IDAT") return false;
    at += 12 + view.getUint32(at);
  }
  return false;
}

/** The flag of the extended format, or of the lossless one. */
function webpHasAlpha(bytes: Uint8Array): boolean {
  const kind = textAt(bytes, 12, 4);
  if (kind === "VP8X") return ((bytes[20] ?? 0) & 0x10) !== 0;
  return kind === "VP8L" && ((bytes[24] ?? 0) & 0x10) !== 0;
}

const orientationTag = 0x0112;

/** EXIF's orientation in a TIFF structure, 1 to 8; 1 if it gives none. */
function orientationOf(tiff: Uint8Array): number {
  if (tiff.length < 8) return 1;
  const view = viewOf(tiff);
  const little = tiff[0] === 0x49;
  const start = view.getUint32(4, little);
  if (start + 2 > tiff.length) return 1;
  const count = view.getUint16(start, little);
  for (let i = 0, at = start + 2; i < count && at + 12 <= tiff.length; i++, at += 12) {
    if (view.getUint16(at, little) === orientationTag) return view.getUint16(at + 8, little);
  }
  return 1;
}

/** Whether an EXIF segment before the pixels gives an orientation other than 1. */
function jpegHasOrientation(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1];
    if (marker === 0xda) return false;
    const length = view.getUint16(at + 2);
    if (marker === 0xe1 && textAt(bytes, at + 4, 6) === "Exif\0\0") {
      const orientation = orientationOf(bytes.subarray(at + 10, at + 2 + length));
      return orientation > 1 && orientation <= 8;
    }
    at += 2 + length;
  }
  return false;
}

/** The unused parts of an image file that has been decoded, so that it is known to be intact. */
export function unusedParts(bytes: Uint8Array): UnusedParts {
  if (isPng(bytes)) return { ...none, transparency: pngHasAlpha(bytes) };
  if (isWebp(bytes)) return { ...none, transparency: webpHasAlpha(bytes) };
  return isJpeg(bytes) ? { ...none, orientation: jpegHasOrientation(bytes) } : none;
}
