/** Matches tables of labels with the images that they name. */
import { UserError } from "../messages/errors.ts";
import type { DataFile } from "./files.ts";
import { type LabelRow, readLabelTable } from "./label_rows.ts";
import { firstNames, notUsed, pathSetting } from "./notes.ts";
import { splitOf, splitOfPath } from "./splits.ts";

/** What the tables contain. */
export interface TableReading {
  /** The class of each image, by image name, as the table writes it. */
  labels: Map<string, string>;
  /** Images that a table names but that do not exist. */
  missing: string[];
  /** The tables that were read. */
  tables: string[];
  /** Lists of class names. They do not number the classes; the folders or tables do. */
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
 * Finds images by the names that tables use. Some systems write an accent as a separate character,
 * others do not, so names are compared in one normalized form.
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

  /** Whether a table's name may refer to any image. */
  has(key: string): boolean {
    const last = lastOf(key.normalize());
    return this.#byLast.has(last) || this.#byStem.has(last);
  }

  /**
   * The image that a table's row names, or undefined if there is none. Searches the folder X of
   * X_labels.txt and the table's own folder first, then all images of this name, those in the
   * table's split first.
   */
  find(table: DataFile, { key: written, row }: LabelRow): string | undefined {
    const key = written.normalize().replaceAll("\\", "/").replace(/^(\.?\/)+/, "");
    const folders = foldersOf(table.name.normalize());
    for (const name of [...folders.map((folder) => inFolder(folder, key)), key]) {
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
      `${table.path}:${row}: matches more than one image: ` +
        `${firstNames(ends.map(({ name }) => name))}. ` +
        "Write the folders into the table, or give the folder of the images that it labels " +
        `(${pathSetting})`,
    );
  }
}

/** Where to look first for a table's images: in X for X_labels.txt, and in the table's folder. */
function foldersOf(table: string): [string, string] {
  const own = parentOf(table);
  const named = lastOf(table).replace(/[-_]?labels?[^/]*\.\w+$/i, "");
  return [inFolder(own, named), own];
}

/** The images in use, and those left out. */
interface Indices {
  images: ImageIndex;
  copies: ImageIndex;
}

/** Adds the rows of one table to a reading. */
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
  const [named, own] = foldersOf(table.name);
  const isInNamed = found.some(({ image }) => image?.startsWith(`${named}/`));
  for (const { row, image } of found) {
    if (image === undefined) {
      if (copies.has(row.key)) continue;
      reading.missing.push(inFolder(isInNamed ? named : own, row.key));
      continue;
    }
    const before = reading.labels.get(image);
    if (before !== undefined && before !== row.label) {
      throw new UserError(
        `${table.path}:${row.row}: the class ${JSON.stringify(row.label)} for an image that ` +
          `already has the class ${JSON.stringify(before)}. Remove the wrong row or table`,
      );
    }
    reading.labels.set(image, row.label);
  }
}

/**
 * Reads all tables of labels.
 *
 * @param images all that a table may name
 * @param files that may be tables of labels
 * @param copies images that are left out, but that a table may still name
 * @throws UserError if a table is damaged or ambiguous
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
        if (table.unusedColumns.length && reading.tables.includes(file.name)) {
          const columns = `columns of ${firstNames([file.name])}`;
          reading.notes.push(`not used: ${columns}: ${firstNames(table.unusedColumns)}`);
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
