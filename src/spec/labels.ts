/** The classes of a spec's images, and their names. */
import type { ResolvedSpec } from "./resolved.ts";

/**
 * The classes to draw: the list in the spec, or all classes. The images cycle through it: image `i`
 * has the class at index `i` modulo the list's length. Null if the network has no classes.
 */
export function drawnLabels(
  { classes, sampling: { labels } }: {
    classes: ResolvedSpec["classes"];
    sampling: Pick<ResolvedSpec["sampling"], "labels">;
  },
): number[] | null {
  if (classes === null) return null;
  return labels ?? Array.from({ length: classes }, (_, label) => label);
}

/**
 * The classes that the images cycle through (see {@link drawnLabels}), and the names of all
 * classes.
 */
export interface DrawnClasses {
  labels: readonly number[];
  /** By label; null if the classes have no names. */
  names: readonly string[] | null;
}

/**
 * The classes of a spec's images with their names; null if the network has no classes.
 *
 * @param names of all classes, by label, if they are known
 */
export function drawnClasses(
  spec: Parameters<typeof drawnLabels>[0],
  names: DrawnClasses["names"],
): DrawnClasses | null {
  const labels = drawnLabels(spec);
  return labels && { labels, names };
}

/** The name of a class, or its number if it has no name. */
export function className(label: number, names: DrawnClasses["names"]): string {
  return names?.[label] || `class ${label}`;
}

/** The class name of an image. */
export function classOfImage({ labels, names }: DrawnClasses, index: number): string {
  return className(labels[index % labels.length] ?? 0, names);
}

/** The most classes that are listed in words. */
const maxListed = 20;

/** The classes in a few words, such as "0 airplane, 1 automobile, ... 9 truck". */
export function classesText({ labels, names }: DrawnClasses): string {
  const distinct = [...new Set(labels)];
  const words = distinct.map((label) => {
    const name = names?.[label];
    return name && name !== String(label) ? `${label} ${name}` : String(label);
  });
  if (words.length <= maxListed) return words.join(", ");
  return [...words.slice(0, maxListed - 1), "...", ...words.slice(-1)].join(", ");
}
