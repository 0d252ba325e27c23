/** Classes by number and by name. */
import { UserError } from "../errors.ts";
import { cifarNames } from "../formats/cifar.ts";
import { nearest } from "../nearest.ts";
import { printable } from "../printable.ts";
import { digitNames } from "./source.ts";

/** Labels are kept as bytes. */
export const mostClasses = 256;

/** The classes of the datasets that have fixed ones, in the order of their numbers. */
export const publishedClasses: Readonly<Record<string, readonly string[]>> = {
  "mnist": digitNames,
  "mnist-m": digitNames,
  "cifar-10": cifarNames,
};

/** The names of classes that are numbers: the dataset's own, or 0 ... most. */
export function numberNames(dataset: string, most: number): string[] {
  const published = publishedClasses[dataset];
  if (published && most < published.length) return [...published];
  return Array.from({ length: most + 1 }, (_, label) => `${label}`);
}

/**
 * Classes as numbers.
 *
 * @param written each image's class, as a folder or a table writes it
 * @param numeric whether classes that are written as numbers are numbers, as in tables
 * @returns the number of each written class, and all names by number, printable; null where there
 *   are more classes than are kept
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
    let most = 0;
    for (const number of numbers.values()) most = Math.max(most, number);
    if (most >= mostClasses) return null;
    return { numbers, classNames: numberNames(dataset, most) };
  }
  const all = published && names.every((name) => published.includes(name)) ? [...published] : names;
  if (all.length > mostClasses) return null;
  return {
    numbers: new Map(all.map((name, number) => [name, number])),
    classNames: all.map((name) => printable(name)),
  };
}

/**
 * The number of the class that a word says: a class's name, or its number.
 *
 * @param classNames the dataset's, by number; null where its classes have none
 * @throws UserError where no class is called so, or one is and another has this number
 */
export function labelOf(classNames: readonly string[] | null, word: string): number {
  const names = classNames ?? [];
  const named = names.indexOf(word);
  const number = /^\d{1,4}$/.test(word) ? Number(word) : -1;
  const numbered = number >= 0 && (classNames === null || number < names.length);
  if (named >= 0 && numbered && named !== number) {
    throw new UserError(
      `the class ${word} may be number ${named}, which is called so, or number ${number}, which ` +
        `is called ${names[number]}; name the second, or say ${named}`,
    );
  }
  if (named >= 0) return named;
  if (numbered) return number;
  const near = nearest(word, names);
  throw new UserError(
    `there is no class ${JSON.stringify(printable(word))}` +
      (near === undefined ? "" : `; did you mean ${near}?`) +
      (names.length ? `\nknown: ${names.join(", ")}` : ""),
  );
}
