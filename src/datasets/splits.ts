/** Which part of a dataset a file belongs to, as the words in its name and its folders' tell. */

/** The parts into which datasets are published. */
export type Split = "train" | "validation" | "test";

const what = "(set|data|images?|imgs?|batch(es)?|labels?|samples?)?\\d*";
const words: [Split, RegExp][] = [
  ["train", new RegExp(`^train(ing)?${what}$`)],
  ["validation", new RegExp(`^val(id|idation)?${what}$`)],
  ["test", new RegExp(`^(test(ing)?${what}|t10k)$`)],
];

/** The words of a name: `trainingSet` has two, `mnist_m_test` three. */
function wordsOf(name: string): string[] {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z0-9]+/);
}

/** The part that one file or folder name says, or null where it says none, or two. */
export function splitOf(name: string): Split | null {
  if (/^data_batch/i.test(name)) return "train";
  const tokens = wordsOf(name);
  const said = words.filter(([, pattern]) => tokens.some((token) => pattern.test(token)));
  return said.length === 1 && said[0] ? said[0][0] : null;
}

/** The part that a path says: the innermost name that says one. */
export function splitOfPath(path: string): Split | null {
  for (const name of path.split("/").reverse()) {
    const split = splitOf(name);
    if (split) return split;
  }
  return null;
}

/**
 * What is taken first: the images for training, or the test images, where those are the published
 * choice (CIFAR-10).
 */
export function splitRank(split: Split | null, testFirst: boolean): number {
  if (split === null || split === "validation") return 1;
  return (split === "test") === testFirst ? 0 : 2;
}

/**
 * The order in which parts are taken, as a note; null where there is one part or none, and it is
 * the published one.
 *
 * @param parts with the images in each, or null where that is not known before they are read
 */
export function orderNote(
  parts: readonly { split: Split | null; count: number | null }[],
  testFirst: boolean,
): string | null {
  const merged = new Map<Split | null, number | null>();
  for (const { split, count } of parts) {
    const before = merged.get(split);
    merged.set(split, count === null || before === null ? null : (before ?? 0) + count);
  }
  if (testFirst && merged.size > 0 && !merged.has("test")) {
    return "order: no test images are there, which the published runs used; others are taken";
  }
  if (merged.size < 2) return null;
  const said = [...merged].map(([split, count]) =>
    `${split ?? "other images"}${count === null ? "" : ` (${count.toLocaleString("en-US")})`}`
  );
  const published = testFirst && merged.keys().next().value === "test" ? ", as published" : "";
  return `order: ${said.join(", then ")}${published}`;
}
