/** Reads image files of any kind, recognised by their first bytes and not by their names. */
import { UserError } from "../messages/errors.ts";
import { contentHeadBytes, foreignContent } from "./content.ts";
import type { Image } from "./image.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import { decodeNetpbm, isNetpbm } from "./netpbm.ts";
import { decodePng, isPng } from "./png.ts";
import { decodeWebp, isWebp } from "./webp.ts";

/** The kinds of image files that can be read. */
export type ImageKind = "png" | "jpeg" | "webp" | "netpbm";

/** The readable kinds, for messages. */
export const imageKindNames = "PNG, JPEG, WebP, PGM and PPM";

/**
 * File extensions of images, including kinds that cannot be read: users should hear about those,
 * too.
 */
export const imageNames =
  /\.(png|jpe?g|jpe|jfif|webp|p[pgn]m|pbm|gif|bmp|tiff?|avif|heic|heif|jxl|jp2)$/i;

/** The number of first bytes that {@link imageKind} and {@link requireImage} examine. */
export const headBytes = contentHeadBytes;

/**
 * The kind of an image file, judged by its first bytes; null if it cannot be read.
 *
 * @param head its first {@link headBytes} bytes or more, if it has that many
 */
export function imageKind(head: Uint8Array): ImageKind | null {
  if (isPng(head)) return "png";
  if (isJpeg(head)) return "jpeg";
  if (isWebp(head)) return "webp";
  return isNetpbm(head) ? "netpbm" : null;
}

/**
 * Refuses a file that does not start like a readable image.
 *
 * @param bytes the file's first {@link headBytes} bytes or more, if it has that many
 * @throws UserError that says what it is
 */
export function requireImage(bytes: Uint8Array, where: string): ImageKind {
  const kind = imageKind(bytes);
  if (kind !== null) return kind;
  if (bytes.length === 0) throw new UserError(`${where}: this file is empty`);
  const foreign = foreignContent(bytes);
  if (!foreign) {
    throw new UserError(`${where}: this is not an image; supported are ${imageKindNames}`);
  }
  throw new UserError(`${where}: this is ${foreign.what}; ${foreign.advice}`);
}

const decoders: Record<ImageKind, (bytes: Uint8Array, where: string) => Image> = {
  png: decodePng,
  jpeg: decodeJpeg,
  webp: decodeWebp,
  netpbm: decodeNetpbm,
};

/**
 * Decodes an image file, whatever its name.
 *
 * @throws UserError if its kind cannot be read, or it is damaged
 */
export function decodeImage(bytes: Uint8Array, where: string): Image {
  return decoders[requireImage(bytes, where)](bytes, where);
}
