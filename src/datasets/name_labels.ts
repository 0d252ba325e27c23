/** Classes in the names of image files: `3_00012.png`, `cat.0.jpg`, `12_bird.png`. */
import { UserError } from "../messages/errors.ts";
import { maxClasses } from "./class_names.ts";
import type { DataFile } from "./files.ts";
import { firstNames } from "./notes.ts";

const digits = /^\d+$/;

/** A file's name without folders and extension, split at its first or last separator. */
function halves(name: string, which: "first" | "last"): { head: string; tail: string } | null {
  const stem = name.slice(name.lastIndexOf("/") + 1).replace(/\.[^.]*$/, "");
  const separators = [...stem.matchAll(/[._-]/g)].map(({ index }) => index);
  const at = which === "first" ? separators[0] : separators.at(-1);
  if (at === undefined || at === 0 || at === stem.length - 1) return null;
  return { head: stem.slice(0, at), tail: stem.slice(at + 1) };
}

/**
 * The classes of all images by one rule; null if the rule does not fit all images or gives only one
 * class.
 */
function byRule(
  images: readonly DataFile[],
  classIn: (name: string) => string | null,
): Map<string, string> | null {
  const labels = new Map<string, string>();
  for (const { name } of images) {
    const label = classIn(name);
    if (label === null) return null;
    labels.set(name, label);
  }
  const count = new Set(labels.values()).size;
  return count >= 2 && count <= maxClasses && 2 * count <= images.length ? labels : null;
}

/**
 * The classes in the images' names, by image name; null if the names contain none.
 *
 * @throws UserError if both ends of the names may be classes
 */
export function labelsInNames(images: readonly DataFile[]): Map<string, string> | null {
  const atStart = byRule(images, (name) => {
    const parts = halves(name, "last");
    return parts && digits.test(parts.tail) ? parts.head : null;
  });
  const atEnd = byRule(images, (name) => {
    const parts = halves(name, "first");
    return parts && digits.test(parts.head) ? parts.tail : null;
  });
  if (atStart && atEnd) {
    const some = (labels: Map<string, string>) => firstNames([...new Set(labels.values())]);
    throw new UserError(
      `the images' names may start with their classes (${some(atStart)}) or end with them ` +
        `(${some(atEnd)}). Move the images into one folder per class`,
    );
  }
  return atStart ?? atEnd;
}
