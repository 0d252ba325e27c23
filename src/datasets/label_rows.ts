/**
 * Tables of labels next to images: lines `NAME LABEL` as in MNIST-M, CSV and TSV tables with a
 * column of names and one of labels (Kaggle, Hugging Face), and JSON lines.
 */
import { UserError } from "../messages/errors.ts";
import { readLines } from "../formats/lines.ts";
import { fieldsOf, plainName, separatorOf } from "./csv.ts";
import type { DataFile } from "./files.ts";
import { firstNames } from "./notes.ts";

/** One row: the image, as the table names it, and its class. */
export interface LabelRow {
  row: number;
  key: string;
  label: string;
}

/** The content of a file that may be a table of labels. */
export type LabelTable =
  | { kind: "labels"; rows: LabelRow[]; unusedColumns: string[] }
  /** Class names, in the order of the file. */
  | { kind: "names"; names: string[] }
  /** Anything else; `why` describes it. */
  | { kind: "other"; why: string };

/** A larger table, in rows or characters, is not a table of labels. */
const maxRows = 2_000_000;
const maxCharacters = 200_000_000;

const nameColumns = [
  "filename",
  "file",
  "fname",
  "filepath",
  "path",
  "image",
  "imagename",
  "imagepath",
  "imagefile",
  "imagefilename",
  "img",
  "imgname",
  "imageid",
  "id",
  "name",
];
const labelColumns = [
  "label",
  "labels",
  "class",
  "classes",
  "classname",
  "classid",
  "classlabel",
  "labelname",
  "labelid",
  "category",
  "categoryid",
  "target",
  "digit",
  "breed",
  "species",
];
/** Columns that are never labels, even if a table has no others. */
const otherColumns = [
  "text",
  "caption",
  "captions",
  "prompt",
  "description",
  "url",
  "split",
  "bbox",
];

/** Whether a file may hold labels or class names, judged by its name. */
export function isLabelFile(name: string): boolean {
  const last = name.slice(name.lastIndexOf("/") + 1);
  return /labels?[^/]*\.txt$/i.test(last) || /\.(csv|tsv|jsonl)(\.gz)?$/i.test(last);
}

/** The non-empty lines of a file, each with its line number. */
async function linesOf(path: string): Promise<{ line: string; row: number }[]> {
  const lines: { line: string; row: number }[] = [];
  let row = 0;
  let characters = 0;
  for await (const text of readLines(path)) {
    row++;
    characters += text.length;
    const line = text.trim();
    if (line) lines.push({ line, row });
    if (row > maxRows || characters > maxCharacters) {
      throw new UserError(`${path}: too long for a table of labels`);
    }
  }
  return lines;
}

const isSeparator = (character: string | undefined) =>
  character !== undefined && (character === "," || character.trim() === "");

/** A line's name and its last word; null if it has only one word. */
function nameAndLast(line: string): { key: string; label: string } | null {
  let at = line.length;
  while (at > 0 && !isSeparator(line[at - 1])) at--;
  const label = line.slice(at);
  while (at > 0 && isSeparator(line[at - 1])) at--;
  return at === 0 || label === "" ? null : { key: line.slice(0, at), label };
}

const isNumber = (text: string) => /^\d{1,3}$/.test(text) && Number(text) < 256;

/** `NAME LABEL` lines, or a list of names. */
async function textTable(path: string, isImage: (key: string) => boolean): Promise<LabelTable> {
  const lines = await linesOf(path);
  const parsed = lines.map(({ line, row }) => ({ row, pair: nameAndLast(line) }));
  const labelled = parsed.some(({ pair }) => pair && isImage(pair.key)) ||
    parsed.every(({ pair }) => pair && isNumber(pair.label));
  if (!labelled) return { kind: "names", names: lines.map(({ line }) => line) };
  const named = parsed.some(({ pair }) => pair && isImage(pair.key) && !isNumber(pair.label)) &&
    !parsed.some(({ pair }) => pair && isNumber(pair.label));
  const rows = parsed.map(({ row, pair }) => {
    if (!pair || (!named && !isNumber(pair.label))) {
      throw new UserError(
        `${path}:${row}: expected an image's name and its class (a number below 256)`,
      );
    }
    return { row, ...pair };
  });
  return { kind: "labels", rows, unusedColumns: [] };
}

/** JSON lines with `file_name` and `label`, as in Hugging Face's image folders. */
async function jsonTable(path: string): Promise<LabelTable> {
  const rows: LabelRow[] = [];
  const unused = new Set<string>();
  for (const { line, row } of await linesOf(path)) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      if (rows.length === 0) return { kind: "other", why: "its lines are not JSON" };
      throw new UserError(`${path}:${row}: not valid JSON`);
    }
    const fields = new Map(Object.entries(value ?? {}));
    const key: unknown = fields.get("file_name");
    const label: unknown = fields.get("label");
    if (typeof key !== "string") return { kind: "other", why: "it has no file_name" };
    for (const name of fields.keys()) {
      if (name !== "file_name" && name !== "label") unused.add(name);
    }
    if (typeof label !== "string" && typeof label !== "number") {
      return { kind: "other", why: "it has no label that is a name or a number" };
    }
    rows.push({ row, key, label: `${label}` });
  }
  return { kind: "labels", rows, unusedColumns: [...unused] };
}

interface Columns {
  key: number;
  label: number;
  unusedColumns: string[];
}

/**
 * The columns of names and labels, according to the header; a text if they cannot be determined.
 */
function columnsOf(path: string, header: string[]): Columns | string {
  const plain = header.map(plainName);
  const key = nameColumns.map((name) => plain.indexOf(name)).find((at) => at >= 0);
  if (key === undefined) return `none of its columns (${firstNames(header)}) is called file_name`;
  const found = plain.flatMap((name, at) => at !== key && labelColumns.includes(name) ? [at] : []);
  const exact = plain.indexOf("label");
  const others = header.map((_, at) => at).filter((at) => at !== key);
  const label = exact >= 0
    ? exact
    : found.length === 1
    ? found[0]
    : others.length === 1 && !otherColumns.includes(plain[others[0] ?? 0] ?? "")
    ? others[0]
    : undefined;
  if (label === undefined && found.length > 1) {
    throw new UserError(
      `${path}: more than one column may contain the labels: ` +
        `${firstNames(found.map((at) => header[at] ?? ""))}. ` +
        "Rename the right one to `label`",
    );
  }
  if (label === undefined) return `none of its columns (${firstNames(header)}) is called label`;
  const unusedColumns = others.filter((at) => at !== label).map((at) => header[at] ?? "");
  return { key, label, unusedColumns };
}

/** A CSV or TSV table with a header; with two columns, it needs none. */
async function csvTable(path: string, isImage: (key: string) => boolean): Promise<LabelTable> {
  const lines = await linesOf(path);
  const first = lines[0];
  if (!first) return { kind: "other", why: "it is empty" };
  const separator = separatorOf(first.line);
  const header = fieldsOf(first.line, separator);
  if (!header) return { kind: "other", why: "its first row has an unclosed quote" };
  const bare = header.length === 2 && isImage(header[0] ?? "");
  const columns = bare ? { key: 0, label: 1, unusedColumns: [] } : columnsOf(path, header);
  if (typeof columns === "string") return { kind: "other", why: columns };
  const rows = lines.slice(bare ? 0 : 1).flatMap(({ line, row }) => {
    const fields = fieldsOf(line, separator);
    const key = fields?.[columns.key];
    const label = fields?.[columns.label];
    if (!key || label === undefined) {
      throw new UserError(`${path}:${row}: expected ${header.length} columns, as in the first row`);
    }
    return label === "" ? [] : [{ row, key, label }];
  });
  const name = header[columns.label] ?? "";
  const classes = new Set(rows.map(({ label }) => label)).size;
  if (!bare && !labelColumns.includes(plainName(name)) && 2 * classes > rows.length) {
    const why = `the values of its column ${firstNames([name])} differ too often to be classes`;
    return { kind: "other", why };
  }
  return { kind: "labels", rows, unusedColumns: columns.unusedColumns };
}

/**
 * Reads a file that may be a table of labels.
 *
 * @param isImage whether a name in the table refers to an existing image
 * @throws UserError if rows are damaged, or the label column is ambiguous
 */
export async function readLabelTable(
  { path, name }: DataFile,
  isImage: (key: string) => boolean,
): Promise<LabelTable> {
  if (/sample[-_ ]?submission/i.test(name)) {
    return { kind: "other", why: "an example of a contest's answers, whose labels are made up" };
  }
  if (/\.txt$/i.test(name)) return await textTable(path, isImage);
  if (/\.jsonl$/i.test(name)) return await jsonTable(path);
  return await csvTable(path, isImage);
}
