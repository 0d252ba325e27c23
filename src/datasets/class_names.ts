/** Class numbers and class names. */
import { cifarNames } from "../formats/cifar.ts";
import { printable } from "../messages/printable.ts";
import { digitNames } from "./source.ts";

/** Labels are stored as bytes. */
export const maxClasses = 256;

/** The classes of the datasets with fixed classes, in numerical order. */
export const publishedClasses: Readonly<Record<string, readonly string[]>> = {
  "mnist": digitNames,
  "mnist-m": digitNames,
  "cifar-10": cifarNames,
};

/** The names of numbered classes: the dataset's own, or 0 ... maxLabel. */
export function numberNames(dataset: string, maxLabel: number): string[] {
  const published = publishedClasses[dataset];
  if (published && maxLabel < published.length) return [...published];
  return Array.from({ length: maxLabel + 1 }, (_, label) => `${label}`);
}

/**
 * Numbers classes.
 *
 * @param written each image's class, as a folder or a table writes it
 * @param numeric whether classes written as numbers keep these numbers, as in tables
 * @returns the number of each written class, and all names by number, printable; null if there are
 * more classes than labels can store
 */
export function numberClasses(
  dataset: string,
  written: Iterable<string>,
  numeric: boolean,
): { numbers: Map<string, number>; classNames: string[] } | null {
  const names = [...new Set(written)].sort();
  const published = publishedClasses[dataset];
  const numbered = numeric && names.every((name) => /^\d{1,9}(\.0*)?$/.test(name));
  if (numbered) {
    const numbers = new Map(names.map((name) => [name, Number(name)]));
    let maxLabel = 0;
    for (const number of numbers.values()) maxLabel = Math.max(maxLabel, number);
    if (maxLabel >= maxClasses) return null;
    return { numbers, classNames: numberNames(dataset, maxLabel) };
  }
  const all = published && names.every((name) => published.includes(name)) ? [...published] : names;
  if (all.length > maxClasses) return null;
  return {
    numbers: new Map(all.map((name, number) => [name, number])),
    classNames: all.map((name) => printable(name)),
  };
}
