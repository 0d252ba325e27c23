/** Tables as CSV (RFC 4180, https://www.rfc-editor.org/rfc/rfc4180), with line feeds. */
import { oneLine } from "../terminal.ts";

/** What stands in a field; null leaves it empty. */
export type CsvField = string | number | boolean | null;

/**
 * A table as CSV, a line a row. Figures have every digit.
 *
 * Spreadsheets take a text that begins with one of `= + - @` for a formula, which may run programs
 * and ask other hosts: an apostrophe in front makes it a text, numbers apart
 * (https://owasp.org/www-community/attacks/CSV_Injection). Line breaks and other characters that
 * nobody sees are written out.
 */
export function csvText(rows: Iterable<readonly CsvField[]>): string {
  let text = "";
  for (const row of rows) text += `${row.map(csvField).join(",")}\n`;
  return text;
}

function csvField(value: CsvField): string {
  if (typeof value !== "string") return value === null ? "" : String(value);
  const isFormula = /^\s*[=+\-@＝＋－＠\t\r]/.test(value) && !/^[+-]?\d+(\.\d+)?$/.test(value);
  const safe = isFormula ? `'${value}` : value;
  const text = oneLine(safe.replaceAll("\t", " "));
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
