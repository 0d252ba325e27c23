/** Tables with one image per row: CSV of MNIST from the published code, Kaggle and OpenML. */
import { counted } from "../messages/counted.ts";
import { UserError } from "../messages/errors.ts";
import { readLines } from "../formats/lines.ts";
import { maxClasses, numberNames, publishedClasses } from "./class_names.ts";
import { fieldsOf, separatorOf } from "./csv.ts";
import type { DataFile } from "./files.ts";
import { firstNames, notUsed } from "./notes.ts";
import type { LabelChoice, Sample, Source } from "./source.ts";
import { orderNote, splitOfPath } from "./splits.ts";
import { type ColumnFacts, layoutOf, type TableFacts, type TableLayout } from "./table_layout.ts";

/** A table with fewer columns contains no images, but labels, a contest's example or notes. */
const minColumns = 65;

/** The first two non-empty rows. */
async function firstRows(path: string): Promise<string[]> {
  const rows: string[] = [];
  for await (const line of readLines(path)) {
    if (line) rows.push(line);
    if (rows.length === 2) break;
  }
  return rows;
}

/** Whether a table has enough columns for its rows to be images. */
export async function isWide({ path }: DataFile): Promise<boolean> {
  const [first = "", second = first] = await firstRows(path);
  return (fieldsOf(second, separatorOf(first))?.length ?? 0) >= minColumns;
}

/** Scans the values of a column, row by row. */
class ColumnScan implements ColumnFacts {
  labels = true;
  different = 0;
  #firstField: string | null = null;

  constructor(readonly maxLabel: number) {}

  add(field: string) {
    const number = numberOf(field);
    if (number === null || number > this.maxLabel) this.labels = false;
    if (this.#firstField === null) this.different = 1;
    else if (this.#firstField !== field) this.different = 2;
    this.#firstField ??= field;
  }
}

/** A whole number below 1,000, as tables write it: `7`, `7.0`, `'7'`, `"7"`; or null. */
function numberOf(field: string): number | null {
  const match = /^\s*(["']?)(\d{1,3})(?:\.0*)?\1\s*$/.exec(field);
  return match ? Number(match[2]) : null;
}

interface Table {
  file: DataFile;
  separator: string;
  layout: TableLayout;
  /** The number of rows with images. */
  rows: number;
}

/** The largest allowed label. */
function maxLabelOf(dataset: string): number {
  return (publishedClasses[dataset]?.length ?? maxClasses) - 1;
}

async function scanTable(
  file: DataFile,
  dataset: string,
  choice: LabelChoice | undefined,
): Promise<Table> {
  const { path } = file;
  const [first = "", second = first] = await firstRows(path);
  const separator = separatorOf(second);
  const maxLabel = maxLabelOf(dataset);
  const columns = [new ColumnScan(maxLabel), new ColumnScan(maxLabel)] as const;
  let rows = 0;
  for await (const line of readLines(path)) {
    if (!line || ++rows === 1) continue;
    columns[0].add(line.slice(0, (line.indexOf(separator) + 1 || line.length + 1) - 1));
    columns[1].add(line.slice(line.lastIndexOf(separator) + 1));
  }
  const facts: TableFacts = {
    path,
    first: fieldsOf(first, separator) ?? [],
    columns: second.split(separator).length,
    firstColumn: columns[0],
    lastColumn: columns[1],
  };
  const layout = layoutOf(facts, choice);
  return { file, separator, layout, rows: Math.max(0, rows - (layout.skipsFirst ? 1 : 0)) };
}

/** How to read a row. */
export interface RowFormat {
  separator: string;
  layout: Pick<TableLayout, "columns" | "label" | "pixels">;
  /** The largest allowed label. */
  maxLabel: number;
}

/** A row of the table as an image; errors are thrown when the image is read. */
export function parseRow(
  line: string,
  { separator, layout, maxLabel }: RowFormat,
  where: string,
): { label: number | null; image: Sample["read"] } {
  const fault = (what: string) => ({
    label: 0,
    image: () => {
      throw new UserError(`${where}: ${what}`);
    },
  });
  const fields = line.split(separator);
  const { columns, label: labelColumn, pixels } = layout;
  if (fields.length !== columns) {
    return fault(`${counted(fields.length, "column")} instead of ${columns}`);
  }
  const values = fields.map(numberOf);
  const used = labelColumn === null ? pixels : [labelColumn, ...pixels];
  const bad = used.find((at) => !((values[at] ?? 256) <= 255));
  if (bad !== undefined) {
    const scaled = /^\s*0?\.\d+\s*$/.test(fields[bad] ?? "")
      ? " (pixels from 0 to 1 must be multiplied by 255 first)"
      : "";
    return fault(
      `${JSON.stringify(fields[bad]?.slice(0, 20))} in column ${bad + 1} is not a whole number ` +
        `from 0 to 255${scaled}`,
    );
  }
  const label = labelColumn === null ? null : values[labelColumn] ?? 0;
  if (label !== null && label > maxLabel) {
    return fault(`the label ${label} is above ${maxLabel}, the last class`);
  }
  const side = Math.sqrt(pixels.length);
  const data = Uint8Array.from(pixels, (at) => values[at] ?? 0);
  return { label, image: () => ({ width: side, height: side, channels: 1, data }) };
}

async function* samplesOf(tables: readonly Table[], maxLabel: number): AsyncGenerator<Sample> {
  for (const { file: { path, name }, separator, layout } of tables) {
    let row = 0;
    for await (const line of readLines(path)) {
      row++;
      if ((row === 1 && layout.skipsFirst) || !line) continue;
      const { label, image } = parseRow(line, { separator, layout, maxLabel }, `${path}:${row}`);
      yield { name: `${name}, row ${row}`, label, read: image };
    }
  }
}

/** Drops tables without labels if others have labels, and adds a note. */
function labelledOnly(tables: readonly Table[], notes: string[]): Table[] {
  const labelled = tables.filter(({ layout }) => layout.label !== null);
  if (labelled.length === 0 || labelled.length === tables.length) return [...tables];
  const others = tables.filter((table) => !labelled.includes(table)).map(({ file }) => file.name);
  const where = firstNames(labelled.map(({ file }) => file.name));
  notes.push(notUsed(others, `without labels, unlike ${where}`));
  return labelled;
}

/** The largest label in the tables, which gives the classes of a dataset without fixed ones. */
async function largestLabel(tables: readonly Table[]): Promise<number> {
  let largest = 0;
  for (const { file, separator, layout: { label, skipsFirst } } of tables) {
    let row = 0;
    for await (const line of readLines(file.path)) {
      if ((++row === 1 && skipsFirst) || !line || label === null) continue;
      const value = numberOf(line.split(separator)[label] ?? "");
      if (value !== null && value < maxClasses) largest = Math.max(largest, value);
    }
  }
  return largest;
}

/**
 * Tables of images. Without a header the first row of each is skipped: the published code reads it
 * as a header and loses it, so that 20,000 rows are 19,999 images.
 *
 * @param choice the labels' column, if the user chose one
 * @throws UserError if a table is ambiguous
 */
export async function tableSource(
  files: readonly DataFile[],
  dataset: string,
  choice: LabelChoice | undefined,
): Promise<Source> {
  const notes: string[] = [];
  const scanned: Table[] = [];
  for (const file of files) scanned.push(await scanTable(file, dataset, choice));
  const tables = labelledOnly(scanned, notes);
  for (const { file: { name }, layout: { unusedColumns } } of tables) {
    if (unusedColumns.length) {
      notes.push(`not used: columns of ${firstNames([name])}: ${firstNames(unusedColumns)}`);
    }
  }
  const parts = tables.map(({ file, rows }) => ({ split: splitOfPath(file.name), count: rows }));
  const order = orderNote(parts, dataset === "cifar-10");
  if (order) notes.push(order);
  const labelled = tables.some(({ layout }) => layout.label !== null);
  const fixed = publishedClasses[dataset] !== undefined;
  const lastClass = labelled && !fixed ? await largestLabel(tables) : maxLabelOf(dataset);
  const how = [...new Set(tables.map(({ layout }) => layout.how))].join("; ");
  return {
    description: `the table ${tables.map(({ file }) => file.name).join(", ")} (${how})`,
    classNames: labelled ? numberNames(dataset, lastClass) : null,
    count: tables.reduce((sum, { rows }) => sum + rows, 0),
    samples: samplesOf(tables, fixed ? maxLabelOf(dataset) : maxClasses - 1),
    notes,
    numbers: true,
  };
}
