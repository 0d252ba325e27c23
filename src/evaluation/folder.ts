/** A folder of images as people have them: files of any sizes, read one at a time. */
import { type DataFile, identityOf, listFiles } from "../datasets/files.ts";
import { knownFile } from "../datasets/file_kinds.ts";
import { notUsed } from "../datasets/notes.ts";
import { UserError } from "../errors.ts";
import type { Image } from "../formats/image.ts";
import { decodeImage, headBytes, requireImage } from "../formats/images.ts";
import { explainInputError } from "../formats/input.ts";
import type { ImageSource } from "./extract.ts";

/** A folder's images, and lines about the files in it that are none. */
export interface FolderImages extends ImageSource {
  notes: string[];
}

/**
 * The images in a folder and the folders in it, in the order of their names, by content where the
 * names say nothing. The first bytes of each are looked at: what is called an image and is none is
 * told of before a network is loaded for it.
 *
 * @throws UserError where there is no such folder, no image in it, or what is called one is none;
 *   and from `read`, where an image is damaged
 */
export async function imagesInFolder(path: string): Promise<FolderImages> {
  const found: DataFile[] = [];
  const others: string[] = [];
  for (const file of listFiles(path)) {
    const { kind } = await knownFile(file);
    if (kind === "image") found.push(file);
    else others.push(file.name);
  }
  if (found.length === 0) throw new UserError(`${path}: no image files here`);
  for (const { path } of found) checkHead(path);
  return {
    name: path,
    digest: identityOf(found),
    count: found.length,
    read: (i) => readImage(found[i]!),
    notes: others.length ? [`${path}: ${notUsed(others, "no images")}`] : [],
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
