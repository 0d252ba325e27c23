/** The nearest known word, for messages about unknown ones. */

/** Letters to insert, delete or exchange to make one word of the other (Levenshtein's distance). */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchange = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(exchange, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}

/** The known word that is nearest to a word; the first of several. */
export function nearestWord(word: string, known: readonly string[]): string {
  const distances = known.map((candidate) => distance(word, candidate));
  return known[distances.indexOf(Math.min(...distances))]!;
}
