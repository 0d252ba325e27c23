/**
 * Classes from folders, as in torchvision's ImageFolder: the outermost folder that has siblings
 * names the class of everything in it. Folders that divide a dataset (train, test) are splits,
 * unless the folders next to them can only be classes.
 */
import { UserError } from "../messages/errors.ts";
import { allCopied } from "./copies.ts";
import type { DataFile } from "./files.ts";
import { firstBranch, type ImageNode, imagesUnder, imageTree } from "./image_tree.ts";
import { firstNames, labelsSetting, notUsed, pathSetting } from "./notes.ts";
import { type Split, splitOf } from "./splits.ts";

/** Images that belong together: a split, or the whole dataset. */
export interface Part {
  /** The folder; empty for the dataset's own folder. */
  folder: string;
  split: Split | null;
  images: DataFile[];
  /** The class folder of each image, by the image's name; null if folders name no classes. */
  classOf: ReadonlyMap<string, string> | null;
}

/** What the folders mean. */
export interface FolderReading {
  parts: Part[];
  /** Images left out because they are copies of others. */
  copies: DataFile[];
  notes: string[];
}

/** Folders next to images that hold pictures outside the dataset, such as masks. */
const companions = /^(masks?|annotations?|labels?|segmentation\w*|ground[-_]?truths?|gts?)$/i;

const foldersOf = (node: ImageNode) => [...node.folders.values()];
const namesOf = (nodes: readonly ImageNode[]) => nodes.map(({ name }) => name);

/** Whether a folder contains folders that may be classes. */
function containsClasses(node: ImageNode): boolean {
  return firstBranch(node).folders.size > 1;
}

/** Whether a folder's content is a copy of its parent's, as in NAME/NAME. */
function isCopyOfParent(node: ImageNode, parent: ImageNode): boolean {
  const branch = firstBranch(node);
  const inner = foldersOf(branch);
  const siblings = foldersOf(parent).filter((other) => other !== node);
  const alike = inner.length > 0 && inner.every(({ name }) => parent.folders.has(name));
  const flat = branch === node && inner.length === 0 && splitOf(node.name) === null;
  if (!alike && !(flat && parent.images.length > 0)) return false;
  const others = [...parent.images, ...siblings.flatMap(imagesUnder)];
  const copied = { files: imagesUnder(branch), base: branch.path };
  return allCopied(copied, { files: others, base: parent.path });
}

/** Whether sibling folders divide the dataset rather than name classes. */
function arePartsOf(folders: readonly ImageNode[]): boolean {
  const splits = folders.filter(({ name }) => splitOf(name));
  const others = folders.filter(({ name }) => !splitOf(name));
  if (splits.length === 0) return false;
  if (others.length === 0) return true;
  if (splits.some(containsClasses)) {
    const inner = new Set(splits.flatMap((each) => namesOf(foldersOf(firstBranch(each)))));
    return others.every((other) =>
      !containsClasses(other) ||
      namesOf(foldersOf(firstBranch(other))).some((name) => inner.has(name))
    );
  }
  if (new Set(splits.map(({ name }) => splitOf(name))).size > 1) {
    throw new UserError(
      `${firstNames(namesOf(folders))}: these folders may be classes, or parts of the dataset ` +
        `without classes. Choose with ${labelsSetting("folders", "none")}`,
    );
  }
  return false;
}

/** The class folders of one level as a part. */
function classPart(
  branch: ImageNode,
  folders: readonly ImageNode[],
  split: Split | null,
  notes: string[],
): Part {
  const masks = folders.filter(({ name }) => companions.test(name));
  if (masks.length > 0) {
    throw new UserError(
      `${firstNames(namesOf(folders))}: these folders may be classes, or images and their ` +
        `${
          firstNames(namesOf(masks))
        }. Give the images' own folder (${pathSetting}); or, to read ` +
        `the folders as classes, set ${labelsSetting("folders")}`,
    );
  }
  const named = folders.filter(({ name }) => splitOf(name));
  if (named.length > 0) {
    const others = firstNames(namesOf(folders.filter((each) => !named.includes(each))));
    notes.push(`classes: ${firstNames(namesOf(named))} is read as a class, next to ${others}`);
  }
  const deeper = [...new Set(folders.flatMap((each) => namesOf(foldersOf(firstBranch(each)))))];
  if (deeper.some((name) => !splitOf(name))) {
    notes.push(
      `classes: named by the outermost folders (${firstNames(namesOf(folders))}), as in ` +
        `torchvision's ImageFolder, and not by the folders in them (${firstNames(deeper)})`,
    );
  }
  const classOf = new Map(
    folders.flatMap((folder) => imagesUnder(folder).map((image) => [image.name, folder.name])),
  );
  const images = [...branch.images, ...folders.flatMap(imagesUnder)];
  return { folder: branch.path, split, images, classOf };
}

/** Leaves images out as copies, and adds a note. */
function leaveOut(reading: FolderReading, images: readonly DataFile[], why: string): void {
  reading.copies.push(...images);
  reading.notes.push(notUsed(images.map(({ name }) => name), why));
}

/** Reads a folder and everything in it as parts. */
function readNode(node: ImageNode, outerSplit: Split | null, reading: FolderReading): void {
  const branch = firstBranch(node);
  const chain = branch.path.slice(node.path.length).split("/");
  const split = chain.map(splitOf).findLast((each) => each) ?? outerSplit;
  const folders = foldersOf(branch).filter((folder) => {
    if (!isCopyOfParent(folder, branch)) return true;
    leaveOut(reading, imagesUnder(folder), "copies of the files next to them");
    return false;
  });
  if (arePartsOf(folders)) {
    if (branch.images.length) {
      const part = { folder: branch.path, split, images: branch.images, classOf: null };
      reading.parts.push(part);
    }
    for (const folder of folders) readNode(folder, splitOf(folder.name) ?? split, reading);
  } else if (folders.length > 1) {
    reading.parts.push(classPart(branch, folders, split, reading.notes));
  } else {
    const images = [...branch.images, ...folders.flatMap(imagesUnder)];
    reading.parts.push({ folder: branch.path, split, images, classOf: null });
  }
}

/** Labels the images of a part without classes, if their folders are classes of other parts. */
function withKnownClass(part: Part, known: ReadonlySet<string>): Part {
  if (part.classOf) return part;
  const of = ({ name }: DataFile) => name.split("/").slice(0, -1).find((each) => known.has(each));
  const pairs = part.images.flatMap((image) => {
    const name = of(image);
    return name === undefined ? [] : [[image.name, name] as const];
  });
  return pairs.length < part.images.length ? part : { ...part, classOf: new Map(pairs) };
}

/** Leaves out a part that only repeats images of a larger part of the same split. */
function withoutSamples(reading: FolderReading): void {
  const bySize = reading.parts.toSorted((a, b) => a.images.length - b.images.length);
  const kept = new Set(reading.parts);
  for (const part of bySize) {
    const larger = [...kept].find((other) =>
      other !== part && other.split === part.split && part.classOf && other.classOf &&
      other.folder !== "" &&
      allCopied(
        { files: part.images, base: part.folder },
        { files: other.images, base: other.folder },
      )
    );
    if (!larger) continue;
    kept.delete(part);
    leaveOut(reading, part.images, `copies of images in ${firstNames([larger.folder])}`);
  }
  reading.parts = reading.parts.filter((part) => kept.has(part));
}

/**
 * Reads the parts of the dataset, and classes, from the images' folders.
 *
 * @param forced treats the outermost folders as classes, whatever their names
 * @throws UserError if the folders are ambiguous
 */
export function readFolders(images: readonly DataFile[], forced: boolean): FolderReading {
  const root = imageTree(images);
  const reading: FolderReading = { parts: [], copies: [], notes: [] };
  if (forced) {
    const branch = firstBranch(root);
    const pairs = foldersOf(branch).flatMap((folder) =>
      imagesUnder(folder).map((image) => [image.name, folder.name] as const)
    );
    const classOf = new Map(pairs);
    return { ...reading, parts: [{ folder: "", split: null, images: [...images], classOf }] };
  }
  readNode(root, null, reading);
  const known = new Set(reading.parts.flatMap(({ classOf }) => [...classOf?.values() ?? []]));
  reading.parts = reading.parts.map((part) => withKnownClass(part, known));
  withoutSamples(reading);
  return reading;
}
