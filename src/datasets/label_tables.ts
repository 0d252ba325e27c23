/** From tables of labels to the images that they name. */
import { UserError } from "../errors.ts";
import type { DataFile } from "./files.ts";
import { type LabelRow, readLabelTable } from "./label_rows.ts";
import { firstNames, notUsed } from "./notes.ts";
import { splitOf, splitOfPath } from "./splits.ts";

/** What the tables say about images. */
export interface TableReading {
  /** The class of an image, by the image's name, as the table writes it. */
  labels: Map<string, string>;
  /** Names of images that a table names and that are not there. */
  missing: string[];
  /** The tables that were read. */
  tables: string[];
  /** Lists of class names, which number nothing: the folders or tables do. */
  nameLists: { file: string; names: string[] }[];
  notes: string[];
}

const lastOf = (name: string) => name.slice(name.lastIndexOf("/") + 1);
const parentOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf("/")));
const withoutEnding = (name: string) => name.replace(/\.[^./]*$/, "");
const inFolder = (folder: string, name: string) => folder ? `${folder}/${name}` : name;

function groupedBy(files: readonly DataFile[], key: (name: string) => string) {
  const groups = new Map<string, DataFile[]>();
  for (const file of files) {
    const name = key(file.name.normalize());
    const group = groups.get(name);
    if (group) group.push(file);
    else groups.set(name, [file]);
  }
  return groups;
}

/**
 * Images by the names under which tables know them. Some systems write an accent as a letter of its
 * own, others do not: names are compared in one form.
 */
class ImageIndex {
  readonly #byName: ReadonlyMap<string, string>;
  readonly #byLast: ReadonlyMap<string, DataFile[]>;
  readonly #byStem: ReadonlyMap<string, DataFile[]>;

  constructor(images: readonly DataFile[]) {
    this.#byName = new Map(images.map(({ name }) => [name.normalize(), name]));
    this.#byLast = groupedBy(images, lastOf);
    this.#byStem = groupedBy(images, (name) => withoutEnding(lastOf(name)));
  }

  /** Whether any image may be meant by a table's name for it. */
  has(key: string): boolean {
    const last = lastOf(key.normalize());
    return this.#byLast.has(last) || this.#byStem.has(last);
  }

  /**
   * The image that a table means, or undefined where there is none. First come X_labels.txt's own
   * folder X and the table's; then images of this name elsewhere, those of the table's split first.
   */
  find(table: DataFile, { key: written, row }: LabelRow): string | undefined {
    const key = written.normalize().replaceAll("\\", "/").replace(/^(\.?\/)+/, "");
    const places = placesOf(table.name.normalize());
    for (const name of [...places.map((place) => inFolder(place, key)), key]) {
      const direct = this.#byName.get(name);
      if (direct !== undefined) return direct;
    }
    const named = this.#byLast.get(lastOf(key)) ?? this.#byStem.get(lastOf(key)) ?? [];
    const ends = named.filter(({ name }) => {
      const whole = `/${name.normalize()}`;
      return whole.endsWith(`/${key}`) || withoutEnding(whole).endsWith(`/${key}`);
    });
    if (ends.length < 2) return ends[0]?.name;
    const split = splitOf(lastOf(table.name)) ?? splitOfPath(table.name);
    const own = ends.filter(({ name }) => split && splitOfPath(parentOf(name)) === split);
    const [only] = own;
    if (only && own.length === 1) return only.name;
    throw new UserError(
      `${table.path}:${row}: more than one image may be meant: ` +
        `${firstNames(ends.map(({ name }) => name))}. ` +
        "Name the folder of the images that it labels " +
        "(data.path in a spec, --path behind data and reproduce), or let the table say it",
    );
  }
}

/** Where the images of a table lie first of all: in X for X_labels.txt, and beside the table. */
function placesOf(table: string): [string, string] {
  const beside = parentOf(table);
  const named = lastOf(table).replace(/[-_]?labels?[^/]*\.\w+$/i, "");
  return [inFolder(beside, named), beside];
}

/** The images that are taken, and those that are left out. */
interface Indices {
  images: ImageIndex;
  copies: ImageIndex;
}

/** The rows of one table put into a reading. */
function addRows(
  reading: TableReading,
  { images, copies }: Indices,
  table: DataFile,
  rows: LabelRow[],
) {
  const found = rows.map((row) => ({ row, image: images.find(table, row) }));
  if (!found.some(({ image }) => image !== undefined)) {
    reading.notes.push(notUsed([table.name], "it names none of the images"));
    return;
  }
  reading.tables.push(table.name);
  const [place, beside] = placesOf(table.name);
  const inPlace = found.some(({ image }) => image?.startsWith(`${place}/`));
  for (const { row, image } of found) {
    if (image === undefined) {
      if (copies.has(row.key)) continue;
      reading.missing.push(inFolder(inPlace ? place : beside, row.key));
      continue;
    }
    const before = reading.labels.get(image);
    if (before !== undefined && before !== row.label) {
      throw new UserError(
        `${table.path}:${row.row}: the class ${JSON.stringify(row.label)} for an image that has ` +
          `the class ${JSON.stringify(before)} already. Remove the table that is not meant`,
      );
    }
    reading.labels.set(image, row.label);
  }
}

/**
 * Reads all tables of labels.
 *
 * @param images all that a table may name
 * @param files as `isLabelFile` finds them
 * @param copies images that are left out, which a table may name all the same
 * @throws UserError where a table is damaged, or can be read in two ways
 */
export async function readTables(
  images: readonly DataFile[],
  files: readonly DataFile[],
  copies: readonly DataFile[],
): Promise<TableReading> {
  const indices = { images: new ImageIndex(images), copies: new ImageIndex(copies) };
  const reading: TableReading = {
    labels: new Map(),
    missing: [],
    tables: [],
    nameLists: [],
    notes: [],
  };
  for (const file of files) {
    const table = await readLabelTable(file, (key) => indices.images.has(key));
    switch (table.kind) {
      case "labels":
        addRows(reading, indices, file, table.rows);
        if (table.passed.length && reading.tables.includes(file.name)) {
          const columns = `columns of ${firstNames([file.name])}`;
          reading.notes.push(`not used: ${columns}: ${firstNames(table.passed)}`);
        }
        break;
      case "names":
        reading.nameLists.push({ file: file.name, names: table.names });
        break;
      case "other":
        reading.notes.push(notUsed([file.name], table.why));
        break;
      default:
        table satisfies never;
    }
  }
  return reading;
}
