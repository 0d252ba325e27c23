/** A folder of images as people have them: PNG and JPEG files of any sizes, read one at a time. */
import { type DataFile, identityOf, listFiles } from "../datasets/files.ts";
import { UserError } from "../errors.ts";
import type { Image } from "../formats/image.ts";
import { explainInputError } from "../formats/input.ts";
import { decodeJpeg } from "../formats/jpeg.ts";
import { decodePng, isPng } from "../formats/png.ts";
import type { ImageSource } from "./extract.ts";

/**
 * The images in a folder and the folders in it, in the order of their names.
 *
 * @throws UserError where there is no such folder or no image in it; and from `read`, where an image is damaged
 */
export function imagesInFolder(path: string): ImageSource {
  const found = listFiles(path).filter(({ name }) => /\.(png|jpe?g)$/i.test(name));
  if (found.length === 0) throw new UserError(`${path}: no PNG or JPEG images here`);
  return { name: path, digest: identityOf(found), count: found.length, read: (i) => readImage(found[i]!) };
}

function readImage({ path }: DataFile): Image {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (error) {
    throw explainInputError(error, path);
  }
  return isPng(bytes) ? decodePng(bytes, path) : decodeJpeg(bytes, path);
}
