/** The folders of the images as a tree, in which class folders and splits are found. */
import type { DataFile } from "./files.ts";

/** A folder that contains images, directly or in subfolders. */
export interface ImageNode {
  /** The folder's own name; empty for the outermost one. */
  name: string;
  /** Its path relative to the dataset's folder; empty for the outermost one. */
  path: string;
  /** Images directly in it. */
  images: DataFile[];
  /** Its subfolders with images, sorted by name. */
  folders: Map<string, ImageNode>;
}

const emptyNode = (name: string, path: string): ImageNode => ({
  name,
  path,
  images: [],
  folders: new Map(),
});

/** The tree of images that are sorted by name. */
export function imageTree(images: readonly DataFile[]): ImageNode {
  const root = emptyNode("", "");
  for (const image of images) {
    let node = root;
    const parts = image.name.split("/");
    for (const name of parts.slice(0, -1)) {
      let next = node.folders.get(name);
      if (!next) {
        next = emptyNode(name, node.path ? `${node.path}/${name}` : name);
        node.folders.set(name, next);
      }
      node = next;
    }
    node.images.push(image);
  }
  return root;
}

/** All images in a folder and its subfolders. */
export function imagesUnder(node: ImageNode): DataFile[] {
  return [...node.images, ...[...node.folders.values()].flatMap(imagesUnder)];
}

/** The first folder, from this one down, that contains images or more than one folder. */
export function firstBranch(node: ImageNode): ImageNode {
  let at = node;
  while (at.images.length === 0 && at.folders.size === 1) {
    const [only] = at.folders.values();
    if (!only) break;
    at = only;
  }
  return at;
}
