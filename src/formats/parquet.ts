/**
 * Tables of images in Parquet files, as Hugging Face keeps its datasets: a column of images
 * (`{ bytes, path }`, each a PNG or JPEG file), and columns of labels. Read by npm's `hyparquet`, a
 * group of rows at a time; what it is handed and what it may unpack are bounded here.
 */
import type { AsyncBuffer, Compressors, FileMetaData, SchemaTree } from "hyparquet";
import { UserError } from "../errors.ts";
import { explainInputError } from "./input.ts";

/** One row. */
export interface ParquetSample {
  /** The bytes of an image file, for `decodeImage`. */
  image: Uint8Array;
  /** Its class, or null where no column was asked for. */
  label: number | null;
}

/** What a file of images holds. */
export interface ParquetImages {
  rows: number;
  /** The column of images. */
  imageColumn: string;
  /** Columns of whole numbers, any of which may be the labels. */
  labelColumns: string[];
  /** The names of the classes of a column of labels, where the file tells them. */
  classNames: ReadonlyMap<string, readonly string[]>;
  /** Columns that are neither: not used. */
  otherColumns: string[];
  /** The rows, read a group at a time. */
  samples(labelColumn: string | null): AsyncGenerator<ParquetSample>;
}

type Fault = (what: string) => UserError;

/** The packages, which only those load who have such a file. */
async function packages() {
  const [hyparquet, { compressors }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
  ]);
  return { ...hyparquet, compressors };
}

/** Bytes of a group of rows, unpacked; a group is in memory at once. */
const largestGroup = 2 ** 30;
/** Images take some dozens of bytes each, and so do labels where they are packed least. */
const mostRows = 50_000_000;
/** What a packed page may grow by, beside a little: as much as deflate can. */
const mostExpansion = 1032;
/** The description of a file; published ones take some kilobytes. */
const largestMetadata = 2 ** 25;

/** Whether the bytes begin as a Parquet file does. */
export function isParquet(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(0, 4)) === "PAR1";
}

/** Parts of a file on the disk, and none that is not there. */
function partsOf(path: string, byteLength: number, fault: Fault): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const from = start < 0 ? byteLength + start : start;
      if (!(from >= 0 && from <= end && end <= byteLength)) throw fault("it is damaged");
      using file = await Deno.open(path);
      await file.seek(from, Deno.SeekMode.Start);
      const bytes = new Uint8Array(end - from);
      for (let at = 0; at < bytes.length;) {
        const count = await file.read(bytes.subarray(at));
        if (count === null) throw fault("it became shorter while it was read");
        at += count;
      }
      return bytes.buffer;
    },
  };
}

/** The unpackers, none of which allocates what its input does not justify. */
function boundedCompressors(compressors: Compressors, fault: Fault): Compressors {
  const bounded: Compressors = {};
  for (const [name, unpack] of Object.entries(compressors)) {
    bounded[name as keyof Compressors] = (input, length) => {
      if (length > mostExpansion * (input.length + 64)) throw fault("a page of it is damaged");
      return unpack(input, length);
    };
  }
  return bounded;
}

/** Whatever hyparquet says of a damaged file, in our words. */
async function readable<T>(reading: Promise<T>, fault: Fault): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw fault(`it is damaged (${message.slice(0, 200)})`);
  }
}

/** The length of the description at a file's end, before it is read. */
async function checkMetadataLength(file: AsyncBuffer, fault: Fault): Promise<void> {
  if (file.byteLength < 12) throw fault("it is cut off");
  const view = new DataView(await file.slice(file.byteLength - 8));
  if (view.getUint32(4, true) !== 0x31524150) throw fault("it is cut off");
  const length = view.getUint32(0, true);
  if (length > Math.min(largestMetadata, file.byteLength - 12)) {
    throw fault("its description is damaged");
  }
}

/** The rows, after all counts have been held against each other and the file's size. */
function checkedRows(metadata: FileMetaData, bytes: number, fault: Fault): number {
  const rows = Number(metadata.num_rows);
  if (!(rows >= 0 && rows <= Math.min(mostRows, 1000 * bytes))) {
    throw fault(`its ${metadata.num_rows} rows are too many`);
  }
  let sum = 0;
  for (const group of metadata.row_groups) {
    if (!(group.num_rows >= 0n)) throw fault("its groups of rows are damaged");
    sum += Number(group.num_rows);
    let size = 0;
    for (const { meta_data: column } of group.columns) {
      if (!column) throw fault("its groups of rows are damaged");
      size += Number(column.total_uncompressed_size);
      const packed = Number(column.total_compressed_size);
      if (!(packed >= 0 && packed <= bytes && column.num_values <= group.num_rows)) {
        throw fault("it holds lists, or its groups of rows are damaged");
      }
    }
    if (!(size >= 0 && size <= largestGroup)) throw fault("a group of its rows is too large");
  }
  if (sum !== rows) throw fault("its groups of rows do not add up");
  return rows;
}

interface Columns {
  images: string[];
  labels: string[];
  others: string[];
}

/** What the columns are, by their types. */
function sortColumns(schema: SchemaTree): Columns {
  const columns: Columns = { images: [], labels: [], others: [] };
  for (const { element, children } of schema.children) {
    const isImage = element.repetition_type !== "REPEATED" &&
      children.some(({ element: { name, type } }) => name === "bytes" && type === "BYTE_ARRAY");
    const isLabel = (element.type === "INT32" || element.type === "INT64") &&
      element.repetition_type !== "REPEATED";
    (isImage ? columns.images : isLabel ? columns.labels : columns.others).push(element.name);
  }
  return columns;
}

/** The classes' names, as Hugging Face writes them into the file's description. */
function readClassNames(metadata: FileMetaData): Map<string, string[]> {
  const names = new Map<string, string[]>();
  const text = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
  let description: unknown;
  try {
    description = JSON.parse(text ?? "");
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
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** A row's image and label. */
function sampleOf(
  row: Record<string, unknown>,
  image: string,
  label: string | null,
  fault: Fault,
): ParquetSample {
  const bytes = field(row[image], "bytes");
  if (!(bytes instanceof Uint8Array)) {
    throw fault(`a row has no bytes in ${JSON.stringify(image)} (a path alone is not followed)`);
  }
  if (label === null) return { image: bytes, label: null };
  const value = Number(row[label] ?? NaN);
  if (!Number.isSafeInteger(value)) throw fault(`a row has no ${JSON.stringify(label)}`);
  return { image: bytes, label: value };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    throw explainInputError(error, path);
  }
}

/**
 * A Parquet file of images.
 *
 * @throws UserError where it is missing, damaged, or holds no column of images, or several; and
 *   from `samples`, where a part of it is damaged
 */
export async function openParquet(path: string): Promise<ParquetImages> {
  const fault: Fault = (what) =>
    new UserError(`${path}: this Parquet file cannot be read: ${what}`);
  const file = partsOf(path, await sizeOf(path), fault);
  await checkMetadataLength(file, fault);
  const { compressors, parquetMetadataAsync, parquetReadObjects, parquetSchema } = await packages();
  const metadata = await readable(parquetMetadataAsync(file, { geoparquet: false }), fault);
  const rows = checkedRows(metadata, file.byteLength, fault);
  const { images, labels, others } = await readable(
    Promise.resolve().then(() => sortColumns(parquetSchema(metadata))),
    fault,
  );
  const [imageColumn] = images;
  if (imageColumn === undefined) throw fault("it has no column of images ({ bytes, path })");
  if (images.length > 1) throw fault(`it has several columns of images: ${images.join(", ")}`);

  async function* samples(labelColumn: string | null): AsyncGenerator<ParquetSample> {
    const columns = [imageColumn!, ...labelColumn === null ? [] : [labelColumn]];
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      const reading = parquetReadObjects({
        file,
        metadata,
        columns,
        rowStart,
        rowEnd,
        compressors: boundedCompressors(compressors, fault),
        utf8: false,
        geoparquet: false,
      });
      for (const row of await readable(reading, fault)) {
        yield sampleOf(row, imageColumn!, labelColumn, fault);
      }
      rowStart = rowEnd;
    }
  }
  return {
    rows,
    imageColumn,
    labelColumns: labels,
    classNames: readClassNames(metadata),
    otherColumns: others,
    samples,
  };
}
