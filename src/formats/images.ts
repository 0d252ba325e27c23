/** Image files of any kind, recognised by their first bytes and not by their names. */
import { UserError } from "../errors.ts";
import { contentHeadBytes, foreignContent } from "./content.ts";
import type { Image } from "./image.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import { decodeNetpbm, isNetpbm } from "./netpbm.ts";
import { decodePng, isPng } from "./png.ts";
import { decodeWebp, isWebp } from "./webp.ts";

/** The kinds of image files that are read. */
export type ImageKind = "png" | "jpeg" | "webp" | "netpbm";

/** The kinds that are read, for messages. */
export const imageKindNames = "PNG, JPEG, WebP, PGM and PPM";

/**
 * Endings of the names of image files, also of those that are not read: a person wants to hear of
 * them.
 */
export const imageNames =
  /\.(png|jpe?g|jpe|jfif|webp|p[pgn]m|pbm|gif|bmp|tiff?|avif|heic|heif|jxl|jp2)$/i;

/** How many of a file's first bytes {@link imageKind} and {@link requireImage} look at. */
export const headBytes = contentHeadBytes;

/**
 * Which kind of image a file is, by its first bytes; null where it is none that is read.
 *
 * @param head {@link headBytes} or more where the file has them
 */
export function imageKind(head: Uint8Array): ImageKind | null {
  if (isPng(head)) return "png";
  if (isJpeg(head)) return "jpeg";
  if (isWebp(head)) return "webp";
  return isNetpbm(head) ? "netpbm" : null;
}

/**
 * Refuses what does not begin as an image that is read.
 *
 * @param bytes the file's first bytes, {@link headBytes} or more where it has them
 * @throws UserError that says what it is
 */
export function requireImage(bytes: Uint8Array, where: string): ImageKind {
  const kind = imageKind(bytes);
  if (kind !== null) return kind;
  if (bytes.length === 0) throw new UserError(`${where}: this file is empty`);
  const foreign = foreignContent(bytes);
  if (!foreign) throw new UserError(`${where}: this is no image; read are ${imageKindNames}`);
  throw new UserError(`${where}: this is ${foreign.what}; ${foreign.wayOut}`);
}

const decoders: Record<ImageKind, (bytes: Uint8Array, where: string) => Image> = {
  png: decodePng,
  jpeg: decodeJpeg,
  webp: decodeWebp,
  netpbm: decodeNetpbm,
};

/**
 * The image of a file, whatever its name.
 *
 * @throws UserError where it is of no kind that is read, or damaged
 */
export function decodeImage(bytes: Uint8Array, where: string): Image {
  return decoders[requireImage(bytes, where)](bytes, where);
}
