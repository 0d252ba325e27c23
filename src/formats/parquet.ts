/**
 * Reads tables of images in Parquet files, as Hugging Face stores its datasets: a column of images
 * (`{ bytes, path }`, each a PNG or JPEG file), and columns of labels. Format:
 * https://github.com/apache/parquet-format.
 *
 * We write the reader ourselves and use npm packages only to decompress: hyparquet, which reads all
 * of Parquet, sets no limits on damaged files and never finished on some.
 */
import { UserError } from "../messages/errors.ts";
import { quoted } from "../messages/printable.ts";
import { explainInputError } from "./input.ts";
import {
  type Columns,
  type Group,
  keyOf,
  type Leaf,
  leavesOf,
  readClassNames,
  readGroups,
  sortColumns,
} from "./parquet_metadata.ts";
import { columnValues, type Decompressors, isPageFault } from "./parquet_pages.ts";
import { decodeThrift, structsField, type ThriftStruct } from "./thrift.ts";

/** One row. */
export interface ParquetSample {
  /** The bytes of an image file, for `decodeImage`. */
  image: Uint8Array;
  /** Its class, or null if no label column was requested. */
  label: number | null;
}

/** The content of a file of images. */
export interface ParquetImages {
  rows: number;
  /** The column of images. */
  imageColumn: string;
  /** Columns of whole numbers, each of which may hold the labels. */
  labelColumns: string[];
  /** The class names of label columns, if the file contains them. */
  classNames: ReadonlyMap<string, readonly string[]>;
  /** Other columns, which are not used. */
  otherColumns: string[];
  /** The rows, read one group at a time. */
  samples(labelColumn: string | null): AsyncGenerator<ParquetSample>;
}

type Fault = (what: string) => UserError;

/** The largest metadata of a file; published files have a few kilobytes. */
const largestMetadata = 2 ** 25;

/** Whether the bytes start like a Parquet file. */
export function isParquet(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(0, 4)) === "PAR1";
}

/** The decompressors from packages, loaded only for files that need them. */
async function loadDecompressors(): Promise<Decompressors> {
  const [{ snappyUncompress }, { decompress }] = await Promise.all([
    import("hysnappy"),
    import("fzstd"),
  ]);
  return {
    1: (packed, size) => snappyUncompress(packed, size),
    6: (packed, size) => decompress(packed, new Uint8Array(size)),
  };
}

/** A file on disk, and a function that makes its errors. */
interface Source {
  path: string;
  size: number;
  fault: Fault;
}

/** Reads a part of a file. */
async function readPart({ path, size, fault }: Source, start: number, length: number) {
  if (!(start >= 0 && length >= 0 && start + length <= size)) throw fault("it is damaged");
  using file = await Deno.open(path);
  await file.seek(start, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) throw fault("it became shorter while it was being read");
    at += count;
  }
  return bytes;
}

/** Turns errors of damaged metadata and pages, and of the packages, into our error. */
function explained(error: unknown, fault: Fault): unknown {
  if (error instanceof UserError) return error;
  if (isPageFault(error) && error instanceof Error) return fault(error.message);
  return fault("a page cannot be decompressed");
}

/** The metadata at the end of a file. */
async function readMetadata(source: Source): Promise<ThriftStruct> {
  const { size, fault } = source;
  if (size < 12) throw fault("it is truncated");
  const tail = await readPart(source, size - 8, 8);
  if (String.fromCharCode(...tail.subarray(4)) !== "PAR1") throw fault("it is truncated");
  const length = new DataView(tail.buffer).getUint32(0, true);
  if (length > Math.min(largestMetadata, size - 12)) throw fault("its description is damaged");
  try {
    return decodeThrift(await readPart(source, size - 8 - length, length)).fields;
  } catch (error) {
    throw explained(error, fault);
  }
}

/** The values of a column in a row group. */
async function groupValues(source: Source, group: Group, leaf: Leaf, decompressors: Decompressors) {
  const chunk = group.chunks.get(keyOf(leaf.path));
  if (!chunk) throw source.fault(`a group of its rows lacks ${quoted(leaf.path[0])}`);
  const bytes = await readPart(source, chunk.start, chunk.length);
  const { type, optionalLevels } = leaf;
  return columnValues(bytes, group.rows, {
    type,
    optionalLevels,
    codec: chunk.codec,
    decompressors,
  });
}

async function* readSamples(
  source: Source,
  groups: readonly Group[],
  image: Leaf,
  label: Leaf | null,
): AsyncGenerator<ParquetSample> {
  const decompressors = await loadDecompressors();
  const { fault } = source;
  for (const group of groups) {
    const images = await groupValues(source, group, image, decompressors);
    const labels = label && await groupValues(source, group, label, decompressors);
    for (let row = 0; row < group.rows; row++) {
      let sample: ParquetSample;
      try {
        const bytes = images.next().value;
        if (!(bytes instanceof Uint8Array)) {
          throw fault("a row contains no image (a path alone is not followed)");
        }
        const value = labels ? labels.next().value : null;
        if (labels && !Number.isSafeInteger(value)) throw fault("a row has no label");
        sample = { image: bytes, label: typeof value === "number" ? value : null };
      } catch (error) {
        throw explained(error, fault);
      }
      yield sample;
    }
  }
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
 * @throws UserError if it is missing, damaged, or has no column of images, or several; and from
 * `samples`, if a part of it is damaged
 */
export async function openParquet(path: string): Promise<ParquetImages> {
  const fault: Fault = (what) =>
    new UserError(`${path}: this Parquet file cannot be read: ${what}`);
  const source: Source = { path, size: await sizeOf(path), fault };
  const metadata = await readMetadata(source);
  let groups: Group[];
  let columns: Columns;
  let classNames: Map<string, string[]>;
  try {
    groups = readGroups(metadata, source.size);
    columns = sortColumns(leavesOf(structsField(metadata, 2)));
    classNames = readClassNames(metadata);
  } catch (error) {
    throw explained(error, fault);
  }
  const { images, labels, others } = columns;
  const nameOf = ({ path }: Leaf) => path[0] ?? "";
  const [image] = images;
  if (!image) throw fault("it has no column of images ({ bytes, path })");
  if (images.length > 1) {
    throw fault(`it has several columns of images: ${images.map(nameOf).map(quoted).join(", ")}`);
  }
  return {
    rows: groups.reduce((sum, group) => sum + group.rows, 0),
    imageColumn: nameOf(image),
    labelColumns: labels.map(nameOf),
    classNames,
    otherColumns: others,
    samples(labelColumn) {
      const label = labels.find((leaf) => nameOf(leaf) === labelColumn) ?? null;
      if (labelColumn !== null && !label) {
        throw fault(`it has no column ${quoted(labelColumn)} of labels`);
      }
      return readSamples(source, groups, image, label);
    },
  };
}
