/** Tables with one image per row: CSV of MNIST from the published code, Kaggle and OpenML. */
import { UserError } from "../messages/errors.ts";
import { readLines } from "../formats/lines.ts";
import { mostClasses, numberNames, publishedClasses } from "./class_names.ts";
import { fieldsOf, separatorOf } from "./csv.ts";
import type { DataFile } from "./files.ts";
import { firstNames, notUsed } from "./notes.ts";
import type { LabelChoice, Sample, Source } from "./source.ts";
import { orderNote, splitOfPath } from "./splits.ts";
import { type ColumnFacts, layoutOf, type TableFacts, type TableLayout } from "./table_layout.ts";

/** A table with fewer columns holds no images, but labels, a contest's example or notes. */
const fewestColumns = 65;

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
  return (fieldsOf(second, separatorOf(first))?.length ?? 0) >= fewestColumns;
}

/** Scans the values of a column, row by row. */
class ColumnScan implements ColumnFacts {
  labels = true;
  different = 0;
  #one: string | null = null;

  constructor(readonly most: number) {}

  add(field: string) {
    const number = numberOf(field);
    if (number === null || number > this.most) this.labels = false;
    if (this.#one === null) this.different = 1;
    else if (this.#one !== field) this.different = 2;
    this.#one ??= field;
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
function mostLabel(dataset: string): number {
  return (publishedClasses[dataset]?.length ?? mostClasses) - 1;
}

async function scanTable(
  file: DataFile,
  dataset: string,
  said: LabelChoice | undefined,
): Promise<Table> {
  const { path } = file;
  const [first = "", second = first] = await firstRows(path);
  const separator = separatorOf(second);
  const columns = [new ColumnScan(mostLabel(dataset)), new ColumnScan(mostLabel(dataset))] as const;
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
  const layout = layoutOf(facts, said);
  return { file, separator, layout, rows: Math.max(0, rows - (layout.passesFirst ? 1 : 0)) };
}

/** How to read a row. */
export interface RowFormat {
  separator: string;
  layout: Pick<TableLayout, "columns" | "label" | "pixels">;
  /** The largest allowed label. */
  most: number;
}

/** A row of the table as an image; errors are thrown when the image is read. */
export function parseRow(
  line: string,
  { separator, layout, most }: RowFormat,
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
    return fault(`${fields.length} columns, where the rows above have ${columns}`);
  }
  const values = fields.map(numberOf);
  const used = labelColumn === null ? pixels : [labelColumn, ...pixels];
  const bad = used.find((at) => !((values[at] ?? 256) <= 255));
  if (bad !== undefined) {
    const scaled = /^\s*0?\.\d+\s*$/.test(fields[bad] ?? "")
      ? " (pixels from 0 to 1 must be multiplied by 255 first)"
      : "";
    return fault(
      `${JSON.stringify(fields[bad]?.slice(0, 20))} in column ${bad + 1} is no whole number ` +
        `to 255${scaled}`,
    );
  }
  const label = labelColumn === null ? null : values[labelColumn] ?? 0;
  if (label !== null && label > most) return fault(`the label ${label} is more than ${most}`);
  const side = Math.sqrt(pixels.length);
  const data = Uint8Array.from(pixels, (at) => values[at] ?? 0);
  return { label, image: () => ({ width: side, height: side, channels: 1, data }) };
}

async function* samplesOf(tables: readonly Table[], most: number): AsyncGenerator<Sample> {
  for (const { file: { path, name }, separator, layout } of tables) {
    let row = 0;
    for await (const line of readLines(path)) {
      row++;
      if ((row === 1 && layout.passesFirst) || !line) continue;
      const { label, image } = parseRow(line, { separator, layout, most }, `${path}:${row}`);
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
  notes.push(notUsed(others, `without labels, where ${where} has them`));
  return labelled;
}

/** The largest label in the tables, which gives the classes of a dataset without fixed ones. */
async function largestLabel(tables: readonly Table[]): Promise<number> {
  let largest = 0;
  for (const { file, separator, layout: { label, passesFirst } } of tables) {
    let row = 0;
    for await (const line of readLines(file.path)) {
      if ((++row === 1 && passesFirst) || !line || label === null) continue;
      const value = numberOf(line.split(separator)[label] ?? "");
      if (value !== null && value < mostClasses) largest = Math.max(largest, value);
    }
  }
  return largest;
}

/**
 * Tables of images. Without a header the first row of each is skipped: the published code reads it
 * as a header and loses it, so that 20,000 rows are 19,999 images.
 *
 * @param said where the user says the labels are
 * @throws UserError if a table is ambiguous
 */
export async function tableSource(
  files: readonly DataFile[],
  dataset: string,
  said: LabelChoice | undefined,
): Promise<Source> {
  const notes: string[] = [];
  const scanned: Table[] = [];
  for (const file of files) scanned.push(await scanTable(file, dataset, said));
  const tables = labelledOnly(scanned, notes);
  for (const { file: { name }, layout: { passed } } of tables) {
    if (passed.length) {
      notes.push(`not used: columns of ${firstNames([name])}: ${firstNames(passed)}`);
    }
  }
  const parts = tables.map(({ file, rows }) => ({ split: splitOfPath(file.name), count: rows }));
  const order = orderNote(parts, dataset === "cifar-10");
  if (order) notes.push(order);
  const labelled = tables.some(({ layout }) => layout.label !== null);
  const fixed = publishedClasses[dataset] !== undefined;
  const most = labelled && !fixed ? await largestLabel(tables) : mostLabel(dataset);
  const how = [...new Set(tables.map(({ layout }) => layout.how))].join("; ");
  return {
    description: `the table ${tables.map(({ file }) => file.name).join(", ")} (${how})`,
    classNames: labelled ? numberNames(dataset, most) : null,
    count: tables.reduce((sum, { rows }) => sum + rows, 0),
    samples: samplesOf(tables, fixed ? mostLabel(dataset) : mostClasses - 1),
    notes,
    numbers: true,
  };
}
