/** Detects copies of files, such as an archive that was unpacked twice. */
import { explainInputError } from "../formats/input.ts";
import type { DataFile } from "./files.ts";

const pieceBytes = 1 << 16;

/** Fills `buffer` from the file's position, up to the end of the file. */
function fill(file: Deno.FsFile, buffer: Uint8Array): Uint8Array {
  let length = 0;
  while (length < buffer.length) {
    const count = file.readSync(buffer.subarray(length)) ?? 0;
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/**
 * Whether two files have the same bytes; reads piece by piece, and stops at the first difference.
 */
export function sameContent(a: DataFile, b: DataFile): boolean {
  if (a.size !== b.size) return false;
  let at = a.path;
  try {
    using first = Deno.openSync(a.path);
    at = b.path;
    using second = Deno.openSync(b.path);
    const buffers = [new Uint8Array(pieceBytes), new Uint8Array(pieceBytes)] as const;
    for (;;) {
      const left = fill(first, buffers[0]);
      if (!equal(left, fill(second, buffers[1]))) return false;
      if (left.length < pieceBytes) return true;
    }
  } catch (error) {
    throw explainInputError(error, at);
  }
}

/** Files in a folder. */
export interface FolderFiles {
  files: readonly DataFile[];
  /** The folder that their names start with; empty for the dataset's own folder. */
  base: string;
}

/**
 * Whether every file of one folder also exists in another one, under the same relative name and
 * with the same bytes. Names and sizes are compared before any bytes are read.
 */
export function allCopied({ files, base }: FolderFiles, others: FolderFiles): boolean {
  const nameIn = (folder: string, { name }: DataFile) =>
    folder ? name.slice(folder.length) : `/${name}`;
  const twins = new Map(others.files.map((file) => [nameIn(others.base, file), file]));
  const pairs = files.map((file) => [file, twins.get(nameIn(base, file))] as const);
  return files.length > 0 && pairs.every(([file, twin]) => twin?.size === file.size) &&
    pairs.every(([file, twin]) => twin !== undefined && sameContent(file, twin));
}
