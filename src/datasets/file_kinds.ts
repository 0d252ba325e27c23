/** What each file of a dataset is, judged by its first bytes and its name. */
import { cifarRecordBytes } from "../formats/cifar.ts";
import { gunzipPieces, isGzip } from "../formats/gzip.ts";
import { isIdx } from "../formats/idx.ts";
import { UserError } from "../messages/errors.ts";
import { type ForeignContent, foreignContent } from "../formats/content.ts";
import { imageKind, imageNames } from "../formats/images.ts";
import { explainInputError } from "../formats/input.ts";
import { isNpz } from "../formats/npy.ts";
import { isParquet } from "../formats/parquet.ts";
import type { DataFile } from "./files.ts";
import { isLabelFile } from "./label_rows.ts";

/** The kinds of files. */
export type Kind =
  | "idx"
  | "cifar binary"
  | "cifar python"
  | "npz"
  | "parquet"
  | "image"
  /** A table of images or of labels, or a list of names. */
  | "table"
  /** A known format that this project does not read. */
  | "foreign"
  | "other";

/** A file and its kind. */
export interface KnownFile extends DataFile {
  kind: Kind;
  /** What a foreign file is, and how to convert it. */
  foreign: ForeignContent | null;
}

const adviceForRecords = "save the images with numpy.savez, or as PNG files";

/** Unsupported files that are recognised by name only, and not opened. */
const foreignNames: [RegExp, ForeignContent][] = [
  [/\.(part|partial|crdownload|download|tmp)$/i, {
    what: "an incomplete download",
    advice: "download it again",
  }],
  [/\.tfrecords?(-\d+-of-\d+)?$/i, { what: "TensorFlow records", advice: adviceForRecords }],
  [/(^|\/)data\.mdb$/i, { what: "an LMDB database", advice: adviceForRecords }],
  [/\.beton$/i, { what: "an FFCV file", advice: adviceForRecords }],
  [/\.arff(\.gz)?$/i, { what: "an ARFF table", advice: "get it as CSV, which OpenML has, too" }],
  [/\.amat$/i, {
    what: "a table of numbers from 0 to 1",
    advice: "multiply them by 255 and save them with numpy.savez",
  }],
];

/** Names of data files: a web page with such a name is a failed download. */
const dataNames = /(idx\d-ubyte|batch[^/]*\.bin|\.(csv|tsv|npz|parquet|bin|gz|zip|tar|tgz))$/i;

/** The number of bytes that determine a file's kind. */
export const headLength = 512;

/** The first bytes of a file, decompressed if it is gzip. */
export async function headOf(path: string): Promise<{ head: Uint8Array; compressed: boolean }> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    throw explainInputError(error, path);
  }
  const raw = new Uint8Array(headLength);
  const head = raw.subarray(0, await file.read(raw) ?? 0);
  if (!isGzip(head)) {
    file.close();
    return { head, compressed: false };
  }
  file.seekSync(0, Deno.SeekMode.Start);
  for await (const piece of gunzipPieces(file.readable, path)) {
    return { head: piece.subarray(0, headLength), compressed: true };
  }
  return { head: new Uint8Array(), compressed: true };
}

const known = (file: DataFile, kind: Kind): KnownFile => ({ ...file, kind, foreign: null });

/**
 * The kind that the name alone determines, for files that need not be opened; null if it determines
 * none.
 */
function kindByName(name: string, size: number): Kind | null {
  if (imageNames.test(name)) return "image";
  return size === 0 && !/(idx\d-ubyte(\.gz)?|batch[^/]*\.bin)$/i.test(name) ? "other" : null;
}

function kindByContent({ name, size }: DataFile, head: Uint8Array, compressed: boolean): Kind {
  // A file named like an MNIST file or a batch is treated as one, and reported if it is damaged or
  // truncated.
  if (isIdx(head) || /idx\d-ubyte(\.gz)?$/i.test(name)) return "idx";
  if (/batch[^/]*\.bin$/i.test(name)) return "cifar binary";
  if (/\.bin$/i.test(name) && size % cifarRecordBytes === 0) return "cifar binary";
  if (isLabelFile(name)) return "table";
  if (compressed) return "other";
  if (head[0] === 0x80 && /_batch(_\d+)?$/.test(name)) return "cifar python";
  if (isNpz(head)) return "npz";
  if (isParquet(head)) return "parquet";
  return imageKind(head) ? "image" : "other";
}

/**
 * The kind of a file.
 *
 * @throws UserError if it cannot be read, or is a web page under the name of a data file
 */
export async function knownFile(file: DataFile): Promise<KnownFile> {
  const { path, name, size } = file;
  const foreignName = foreignNames.find(([pattern]) => pattern.test(name));
  if (foreignName) return { ...file, kind: "foreign", foreign: foreignName[1] };
  const named = kindByName(name, size);
  if (named) return known(file, named);
  const { head, compressed } = await headOf(path);
  const foreign = foreignContent(head);
  if (foreign && dataNames.test(name) && /web page|Git LFS/.test(foreign.what)) {
    throw new UserError(`${path}: this is ${foreign.what}; ${foreign.advice}`);
  }
  const kind = kindByContent(file, head, compressed);
  const isForeign = foreign !== null && (kind === "other" || kind === "table");
  return isForeign ? { ...file, kind: "foreign", foreign } : known(file, kind);
}
