/** Finds the known word nearest to an unknown one, for messages: "did you mean ...?" */

/**
 * The Damerau-Levenshtein distance: how many insertions, deletions, substitutions and
 * transpositions of letters turn one word into the other.
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1);
      }
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}

/** Only letters and digits, in lower case: `MNIST_M` and `mnist-m` are the same word. */
const plain = (word: string) => word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** The word in `words` that `word` most likely means; undefined if none is near. */
export function nearest(word: string, words: Iterable<string>): string | undefined {
  if (word.length > 100) return undefined;
  const typed = plain(word);
  let best: string | undefined;
  let fewest = Infinity;
  for (const candidate of words) {
    const known = plain(candidate);
    const edits = editDistance(typed, known);
    if (edits < fewest && edits <= Math.max(typed.length, known.length) / 3) {
      best = candidate;
      fewest = edits;
    }
  }
  return best;
}
