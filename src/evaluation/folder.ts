/** A folder of images from a user: files of any size, read one at a time. */
import { type DataFile, identityOf, listFiles } from "../datasets/files.ts";
import { knownFile } from "../datasets/file_kinds.ts";
import { notUsed } from "../datasets/notes.ts";
import { UserError } from "../messages/errors.ts";
import type { Image } from "../formats/image.ts";
import { decodeImage, headBytes, requireImage } from "../formats/images.ts";
import { explainInputError } from "../formats/input.ts";
import type { ImageSource } from "./extract.ts";
import { elementOf } from "../collections/elements.ts";

/** The images in a folder, and notes about its other files. */
export interface FolderImages extends ImageSource {
  notes: string[];
}

/**
 * The images in a folder and its subfolders, sorted by name, recognised by content if their names
 * do not tell. It examines the first bytes of each, so that files that only look like images are
 * reported before a network is loaded.
 *
 * @throws UserError if the folder does not exist, contains no image, or contains a file that only
 * claims to be one; and from `read`, if an image is damaged
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
    read: (i) => readImage(elementOf(found, i)),
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
