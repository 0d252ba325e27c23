/** Tables as CSV (RFC 4180, https://www.rfc-editor.org/rfc/rfc4180), with line feeds. */
import { oneLine } from "../messages/terminal.ts";

/** The value of a field; null leaves it empty. */
export type CsvField = string | number | boolean | null;

/**
 * A table as CSV, one line per row. Numbers are written in full precision.
 *
 * Spreadsheets read a text that starts with one of `= + - @` as a formula, which may run programs
 * and contact other hosts. An apostrophe in front makes it a text; numbers do not need one
 * (https://owasp.org/www-community/attacks/CSV_Injection). Line breaks and other invisible
 * characters are written out.
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
