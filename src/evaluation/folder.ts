/** A folder of images as people have them: files of any sizes, read one at a time. */
import { type DataFile, identityOf, listFiles } from "../datasets/files.ts";
import { UserError } from "../errors.ts";
import type { Image } from "../formats/image.ts";
import { decodeImage, headBytes, imageNames, requireImage } from "../formats/images.ts";
import { explainInputError } from "../formats/input.ts";
import type { ImageSource } from "./extract.ts";

/**
 * The images in a folder and the folders in it, in the order of their names. The first bytes of
 * each are looked at: what is no image is told of before a network is loaded for it.
 *
 * @throws UserError where there is no such folder, no image in it, or what is called one is none;
 *   and from `read`, where an image is damaged
 */
export function imagesInFolder(path: string): ImageSource {
  const found = listFiles(path).filter(({ name }) => imageNames.test(name));
  if (found.length === 0) throw new UserError(`${path}: no image files here`);
  for (const { path } of found) checkHead(path);
  return {
    name: path,
    digest: identityOf(found),
    count: found.length,
    read: (i) => readImage(found[i]!),
  };
}

function checkHead(path: string): void {
  const head = new Uint8Array(headBytes);
  let length: number;
  try {
    using file = Deno.openSync(path);
    length = file.readSync(head) ?? 0;
  } catch (error) {
    throw explainInputError(error, path);
  }
  requireImage(head.subarray(0, length), path);
}

function readImage({ path }: DataFile): Image {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (error) {
    throw explainInputError(error, path);
  }
  return decodeImage(bytes, path);
}
