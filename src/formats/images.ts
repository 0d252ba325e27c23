/** Image files of any kind, recognised by their first bytes and not by their names. */
import { UserError } from "../errors.ts";
import type { Image } from "./image.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import { decodePng, isPng } from "./png.ts";

/** Kinds that are recognised to be named, by how they begin. */
const otherKinds: [string, string][] = [["GIF8", "a GIF"], ["BM", "a BMP"], ["II*\0", "a TIFF"], [
  "MM\0*",
  "a TIFF",
]];

/**
 * Endings of the names of image files, also of those that are not read: a person wants to hear of
 * them.
 */
export const imageNames = /\.(png|jpe?g|gif|webp|bmp|tiff?|avif|heic)$/i;

/** How many of a file's first bytes {@link requireImage} looks at. */
export const headBytes = 12;

/**
 * Refuses what does not begin as a PNG or JPEG file does.
 *
 * @param bytes the file's first bytes, {@link headBytes} or more where it has them
 * @throws UserError that says what it is
 */
export function requireImage(bytes: Uint8Array, where: string): void {
  if (isPng(bytes) || isJpeg(bytes)) return;
  if (bytes.length === 0) throw new UserError(`${where}: this file is empty`);
  const head = String.fromCharCode(...bytes.subarray(0, headBytes));
  const kind = head.slice(8) === "WEBP"
    ? "a WebP"
    : otherKinds.find(([start]) => head.startsWith(start))?.[1] ?? "no";
  throw new UserError(`${where}: this is ${kind} image; PNG and JPEG are read`);
}

/**
 * The image of a PNG or JPEG file.
 *
 * @throws UserError where it is neither, or damaged
 */
export function decodeImage(bytes: Uint8Array, where: string): Image {
  requireImage(bytes, where);
  return isPng(bytes) ? decodePng(bytes, where) : decodeJpeg(bytes, where);
}
