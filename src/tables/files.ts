/** The files of tables. */
import { tableCsv } from "./csv.ts";
import { tableLatex } from "./latex.ts";
import { tableMarkdown } from "./markdown.ts";
import type { Table } from "./table.ts";

/** The endings of a table's files. */
export const tableEndings = ["md", "csv", "tex"] as const;

/** Each table in every format: names and bytes. */
export function tableFiles(
  tables: readonly Table[],
): [name: string, bytes: Uint8Array<ArrayBuffer>][] {
  const encoder = new TextEncoder();
  const writers = { md: tableMarkdown, csv: tableCsv, tex: tableLatex };
  return tables.flatMap((table) =>
    tableEndings.map((ending): [string, Uint8Array<ArrayBuffer>] => [
      `${table.name}.${ending}`,
      encoder.encode(writers[ending](table)),
    ])
  );
}
