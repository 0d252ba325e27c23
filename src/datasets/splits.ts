/** Which split a file belongs to, according to the words in its name and in its folders' names. */

/** The splits in which datasets are published. */
export type Split = "train" | "validation" | "test";

const suffix = "(set|data|images?|imgs?|batch(es)?|labels?|samples?)?\\d*";
const words: [Split, RegExp][] = [
  ["train", new RegExp(`^train(ing)?${suffix}$`)],
  ["validation", new RegExp(`^val(id|idation)?${suffix}$`)],
  ["test", new RegExp(`^(test(ing)?${suffix}|t10k)$`)],
];

/** The words of a name: `trainingSet` has two, `mnist_m_test` three. */
function wordsOf(name: string): string[] {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z0-9]+/);
}

/** The split that a file or folder name gives; null if it gives none or two. */
export function splitOf(name: string): Split | null {
  if (/^data_batch/i.test(name)) return "train";
  const tokens = wordsOf(name);
  const found = words.filter(([, pattern]) => tokens.some((token) => pattern.test(token)));
  return found.length === 1 && found[0] ? found[0][0] : null;
}

/** The split that a path gives: that of the innermost name that gives one. */
export function splitOfPath(path: string): Split | null {
  for (const name of path.split("/").reverse()) {
    const split = splitOf(name);
    if (split) return split;
  }
  return null;
}

/**
 * Which split comes first: training images, or test images if the published runs used them
 * (CIFAR-10).
 */
export function splitRank(split: Split | null, testFirst: boolean): number {
  if (split === null || split === "validation") return 1;
  return (split === "test") === testFirst ? 0 : 2;
}

/**
 * A note about the order of the splits; null if there is at most one, and it is in the published
 * order.
 *
 * @param parts with the images in each, or null if that is unknown before they are read
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
    return "order: no test images, which the published runs used; other images are used instead";
  }
  if (merged.size < 2) return null;
  const splits = [...merged].map(([split, count]) =>
    `${split ?? "other images"}${count === null ? "" : ` (${count.toLocaleString("en-US")})`}`
  );
  const published = testFirst && merged.keys().next().value === "test" ? ", as published" : "";
  return `order: ${splits.join(", then ")}${published}`;
}
