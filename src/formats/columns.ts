/** Tables in columns, for terminals. */
import { oneLine } from "../messages/terminal.ts";

/**
 * Rows with aligned columns, two spaces apart; every cell stays on one line.
 *
 * @param numbers the right-aligned columns, from 0
 */
export function inColumns(
  rows: readonly (readonly string[])[],
  numbers: readonly number[] = [],
): string[] {
  const cells = rows.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of cells) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  return cells.map((row) => {
    const padded = row.map((cell, i) => {
      const width = widths[i] ?? 0;
      return numbers.includes(i) ? cell.padStart(width) : cell.padEnd(width);
    });
    return padded.join("  ").trimEnd();
  });
}
