/** Which classes the images of a spec are of, and what they are called. */
import type { ResolvedSpec } from "./resolved.ts";

/**
 * The classes of a spec's images: the list that it gives, else all classes. The images go round it:
 * image `i` is of the class at `i` modulo its length. Null where the network knows no classes.
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

/** The classes that images go round, as `drawnLabels` gives them, and the names of all classes. */
export interface DrawnClasses {
  labels: readonly number[];
  /** By label; null where nobody named them. */
  names: readonly string[] | null;
}

/**
 * The classes of a spec's images with their names; null where the network knows none.
 *
 * @param names of all classes, by label, where they are known
 */
export function drawnClasses(
  spec: Parameters<typeof drawnLabels>[0],
  names: DrawnClasses["names"],
): DrawnClasses | null {
  const labels = drawnLabels(spec);
  return labels && { labels, names };
}

/** What a class is called: its name, else its number. */
export function className(label: number, names: DrawnClasses["names"]): string {
  return names?.[label] || `class ${label}`;
}

/** What the class of an image is called. */
export function classOfImage({ labels, names }: DrawnClasses, index: number): string {
  return className(labels[index % labels.length] ?? 0, names);
}

/** Classes that are listed in words, at most. */
const mostListed = 20;

/** The classes in a few words: "0 airplane, 1 automobile, ... 9 truck". */
export function classesText({ labels, names }: DrawnClasses): string {
  const distinct = [...new Set(labels)];
  const words = distinct.map((label) => {
    const name = names?.[label];
    return name && name !== String(label) ? `${label} ${name}` : String(label);
  });
  if (words.length <= mostListed) return words.join(", ");
  return [...words.slice(0, mostListed - 1), "...", ...words.slice(-1)].join(", ");
}
