/**
 * Folders of images. Labels come from label files (lines `NAME LABEL`, as MNIST-M's archive has
 * them) where there are any, else from the folders that the images lie in, where those are several,
 * else there are none.
 */
import { UserError } from "../errors.ts";
import { decodeImage } from "../formats/images.ts";
import { explainInputError } from "../formats/input.ts";
import { printable } from "../spec/source.ts";
import type { DataFile } from "./files.ts";
import { digitNames, type Sample, type Source } from "./source.ts";

/** Labels are kept as bytes. */
const mostClasses = 256;

/** Folders that part a dataset and do not name a class. */
const splits = /(^|[-_])(train|training|test|testing|val|valid|validation)$/i;

const parentOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf("/")));
const lastOf = (name: string) => name.slice(name.lastIndexOf("/") + 1);

/** Whether a file may hold labels, by its name. */
export function isLabelFile(name: string): boolean {
  return /labels?[^/]*\.txt$/i.test(name);
}

/**
 * The labels of images by name, of one file: those in the folder that the file names (X_labels.txt:
 * X), or in its own.
 */
function readLabels(file: DataFile, images: ReadonlyMap<string, DataFile>): Map<string, number> {
  let text: string;
  try {
    text = Deno.readTextFileSync(file.path);
  } catch (error) {
    throw explainInputError(error, file.path);
  }
  const beside = parentOf(file.name);
  const named = lastOf(file.name).replace(/[-_]?labels?[^/]*\.txt$/i, "");
  const inFolder = (folder: string) => (name: string) => folder ? `${folder}/${name}` : name;
  const candidates = [beside ? `${beside}/${named}` : named, beside].map(inFolder);
  const lines = text.split(/\r?\n/).map((line, i) => ({ line: line.trim(), row: i + 1 })).filter((
    { line },
  ) => line);
  const parsed = lines.map(({ line, row }) => {
    const match = /^(.+?)[\s,]+(\d{1,3})$/.exec(line);
    if (!match || Number(match[2]) >= mostClasses) {
      throw new UserError(
        `${file.path}:${row}: expected an image's name and its class (a number below 256)`,
      );
    }
    return { name: match[1]!, label: Number(match[2]) };
  });
  const place = candidates.find((at) => parsed.some(({ name }) => images.has(at(name)))) ??
    candidates[0]!;
  return new Map(parsed.map(({ name, label }) => [place(name), label]));
}

/** The labels of images by their files, or null where the files say nothing. */
function labelsByFile(images: DataFile[], labelFiles: DataFile[]) {
  if (labelFiles.length === 0) return null;
  const known = new Map(images.map((image) => [image.name, image]));
  const labels = new Map<string, number>();
  for (const file of labelFiles) {
    for (const [name, label] of readLabels(file, known)) labels.set(name, label);
  }
  let most = 0;
  for (const label of labels.values()) most = Math.max(most, label);
  const classNames = most < 10
    ? digitNames
    : Array.from({ length: most + 1 }, (_, label) => `${label}`);
  return { labels, classNames };
}

/** The labels of images by their folders, or null where those are fewer than two. */
function labelsByFolder(images: DataFile[]) {
  const parents = images.map(({ name }) => lastOf(parentOf(name)));
  const classNames = [...new Set(parents)].filter((parent) => parent && !splits.test(parent))
    .sort();
  if (classNames.length < 2) return null;
  if (classNames.length > mostClasses) {
    throw new UserError(`${classNames.length} class folders; at most 256 are read`);
  }
  const labels = new Map<string, number>();
  images.forEach(({ name }, i) => {
    const label = classNames.indexOf(parents[i]!);
    if (label >= 0) labels.set(name, label);
  });
  return { labels, classNames: classNames.map((name) => printable(name)) };
}

/**
 * A folder of image files.
 *
 * @param images in the order in which they are taken
 * @param labelFiles files of labels, possibly none
 */
export function imageSource(images: DataFile[], labelFiles: DataFile[]): Source {
  const labelled = labelsByFile(images, labelFiles) ?? labelsByFolder(images);
  const known = new Set(images.map(({ name }) => name));
  const unseen = [...labelled?.labels.keys() ?? []].filter((name) => !known.has(name));
  function* samples(): Generator<Sample> {
    for (const { path, name } of images) {
      const label = labelled?.labels.get(name) ?? null;
      const read = () => {
        if (labelled && label === null) throw new UserError(`${path}: this image has no label`);
        let bytes: Uint8Array;
        try {
          bytes = Deno.readFileSync(path);
        } catch (error) {
          throw explainInputError(error, path);
        }
        return decodeImage(bytes, path);
      };
      yield { name, label, read };
    }
    for (const name of unseen) {
      const read = () => {
        throw new UserError(`${name}: a label names this image, but it is missing`);
      };
      yield { name, label: null, read };
    }
  }
  const how = labelFiles.length
    ? "with label files"
    : labelled
    ? "in class folders"
    : "without labels";
  return {
    description: `${images.length} image files ${how}`,
    classNames: labelled?.classNames ?? null,
    count: images.length + unseen.length,
    samples: samples(),
  };
}
