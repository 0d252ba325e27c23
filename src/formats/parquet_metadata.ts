/** The metadata of a Parquet file: its columns, classes and row groups. */
import { byteArray } from "./parquet_pages.ts";
import {
  structField,
  structsField,
  textField,
  ThriftFault,
  type ThriftStruct,
  wholeField,
} from "./thrift.ts";

/** A column without child columns. */
export interface Leaf {
  /** Its name, preceded by those of its parent columns. */
  path: string[];
  type: number;
  /** The number of these levels that may be missing. */
  optionalLevels: number;
  isRepeated: boolean;
}

/** The leaves of a schema: a tree written depth first, each node with its number of children. */
export function leavesOf(elements: readonly ThriftStruct[]): Leaf[] {
  const leaves: Leaf[] = [];
  let next = 1;
  const visit = (parent: Omit<Leaf, "type">, children: number) => {
    for (let i = 0; i < children; i++) {
      const element = elements[next++];
      if (!element || parent.path.length > 16) throw new ThriftFault("its columns are damaged");
      const repetition = Number(element.get(3) ?? 0);
      const found = {
        path: [...parent.path, textField(element, 4)],
        optionalLevels: parent.optionalLevels + (repetition === 1 ? 1 : 0),
        isRepeated: parent.isRepeated || repetition === 2,
      };
      if (element.has(5)) visit(found, wholeField(element, 5));
      else leaves.push({ ...found, type: wholeField(element, 1) });
    }
  };
  const [root] = elements;
  if (!root) throw new ThriftFault("its columns are missing");
  visit({ path: [], optionalLevels: 0, isRepeated: false }, wholeField(root, 5));
  return leaves;
}

export interface Columns {
  images: Leaf[];
  labels: Leaf[];
  others: string[];
}

/** Sorts columns into images, labels and others, by type. */
export function sortColumns(leaves: readonly Leaf[]): Columns {
  const isImage = ({ path, type, isRepeated }: Leaf) =>
    path.length === 2 && path[1] === "bytes" && type === byteArray && !isRepeated;
  const isLabel = ({ path, type, isRepeated }: Leaf) =>
    path.length === 1 && (type === 1 || type === 2) && !isRepeated;
  const images = leaves.filter(isImage);
  const labels = leaves.filter(isLabel);
  const used = new Set([...images, ...labels].map(({ path }) => path[0]));
  const others = new Set(leaves.map(({ path }) => path[0] ?? "").filter((name) => !used.has(name)));
  return { images, labels, others: [...others] };
}

/** The class names, as Hugging Face writes them into the file's metadata. */
export function readClassNames(metadata: ThriftStruct): Map<string, string[]> {
  const names = new Map<string, string[]>();
  const entries = metadata.has(5) ? structsField(metadata, 5) : [];
  const entry = entries.find((fields) => textField(fields, 1) === "huggingface");
  let description: unknown;
  try {
    description = JSON.parse(entry ? textField(entry, 2) : "");
  } catch {
    return names;
  }
  const features = field(field(description, "info"), "features");
  if (typeof features !== "object" || features === null) return names;
  for (const [column, feature] of Object.entries(features)) {
    const list = field(feature, "names");
    if (Array.isArray(list) && list.every((name) => typeof name === "string")) {
      names.set(column, list);
    }
  }
  return names;
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return new Map(Object.entries(value)).get(name);
}

/** A row group: the number of rows, and the position of each column's pages. */
export interface Group {
  rows: number;
  chunks: Map<string, { codec: number; start: number; length: number }>;
}

/** The key under which a leaf's pages are looked up. */
export const keyOf = (path: readonly string[]) => JSON.stringify(path);

function readGroup(fields: ThriftStruct): Group {
  const chunks: Group["chunks"] = new Map();
  for (const column of structsField(fields, 1)) {
    const meta = structField(column, 3);
    const path = meta.get(3);
    if (!Array.isArray(path)) throw new ThriftFault("a column has no name");
    const names = path.map((part) =>
      part instanceof Uint8Array ? new TextDecoder().decode(part) : ""
    );
    const data = wholeField(meta, 9);
    // A dictionary comes before the pages that need it; 0 means that there is none.
    const dictionary = meta.has(11) ? wholeField(meta, 11) : 0;
    const start = dictionary > 0 ? Math.min(dictionary, data) : data;
    chunks.set(keyOf(names), { codec: wholeField(meta, 4), start, length: wholeField(meta, 7) });
  }
  return { rows: wholeField(fields, 3), chunks };
}

/**
 * The row groups, whose numbers must add up.
 *
 * @param size of the file in bytes
 */
export function readGroups(metadata: ThriftStruct, size: number): Group[] {
  const rows = wholeField(metadata, 3);
  // An image takes more than one byte.
  if (!(rows >= 0 && rows <= size)) throw new ThriftFault(`its ${rows} rows are too many`);
  const groups = structsField(metadata, 4).map(readGroup);
  const sum = groups.reduce((total, group) => total + group.rows, 0);
  if (sum !== rows || groups.some((group) => group.rows < 0)) {
    throw new ThriftFault("its groups of rows do not add up");
  }
  return groups;
}
