/**
 * Extracts single files from a wheel (a zip archive) without holding it in memory: reads the
 * central directory, then streams the inflated entries to disk. Format: PKWARE's APPNOTE.TXT,
 * sections 4.3.7, 4.3.12 and 4.3.16.
 */
import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";

/** A file in a wheel. */
export interface WheelEntry {
  /** Path in the wheel, with slashes. */
  readonly path: string;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** Unix permission bits; 0 if the wheel has none. */
  readonly mode: number;
  /** Compression method: 0 stored, 8 deflate. */
  readonly method: number;
  /** Offset of the local header in bytes. */
  readonly offset: number;
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;

async function readAt(file: Deno.FsFile, offset: number, bytes: number): Promise<DataView> {
  const buffer = new Uint8Array(bytes);
  await file.seek(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < bytes) {
    const count = await file.read(buffer.subarray(filled));
    if (count === null) throw new Error(`The archive ends early, at byte ${offset + filled}.`);
    filled += count;
  }
  return new DataView(buffer.buffer);
}

/**
 * Lists the files of a wheel.
 *
 * @throws {Error} if the file is not a complete zip archive
 */
export async function listWheel(path: string): Promise<WheelEntry[]> {
  using file = await Deno.open(path);
  const size = (await file.stat()).size;
  const tailBytes = Math.min(size, 22 + 0xffff);
  const tail = await readAt(file, size - tailBytes, tailBytes);
  let end = tailBytes - 22;
  while (end >= 0 && tail.getUint32(end, true) !== END_OF_DIRECTORY) end--;
  if (end < 0) throw new Error(`${path} is not a complete zip archive: its directory is missing.`);
  const count = tail.getUint16(end + 10, true);
  const directoryOffset = tail.getUint32(end + 16, true);
  if (count === 0xffff || directoryOffset === 0xffffffff) {
    throw new Error(`${path} is a zip64 archive, which is not supported.`);
  }
  const directory = await readAt(file, directoryOffset, tail.getUint32(end + 12, true));
  const text = new TextDecoder();
  const entries: WheelEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (directory.getUint32(at, true) !== DIRECTORY_ENTRY) {
      throw new Error(`${path} has a broken zip directory.`);
    }
    const nameBytes = directory.getUint16(at + 28, true);
    entries.push({
      path: text.decode(new Uint8Array(directory.buffer, at + 46, nameBytes)),
      method: directory.getUint16(at + 10, true),
      compressedBytes: directory.getUint32(at + 20, true),
      bytes: directory.getUint32(at + 24, true),
      mode: directory.getUint32(at + 38, true) >>> 16 & 0o777,
      offset: directory.getUint32(at + 42, true),
    });
    at += 46 + nameBytes + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
  }
  return entries;
}

/** The next bytes of a file, read as the consumer asks for them. */
function section(file: Deno.FsFile, bytes: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = bytes;
  return new ReadableStream({
    async pull(controller) {
      if (left === 0) return controller.close();
      const piece = new Uint8Array(Math.min(left, 1 << 18));
      const count = await file.read(piece);
      if (count === null) throw new Error("The archive ends early.");
      left -= count;
      controller.enqueue(piece.subarray(0, count));
    },
  }, { highWaterMark: 0 });
}

/**
 * Extracts a file of a wheel into a folder, at its path in the wheel.
 *
 * @param onBytes called with the number of bytes written since the last call
 * @returns the file's SHA-256
 * @throws {Error} if the entry is broken or its path leads out of the folder
 */
export async function extractEntry(
  wheelPath: string,
  entry: WheelEntry,
  folder: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<string> {
  if (entry.path.startsWith("/") || entry.path.split("/").includes("..")) {
    throw new Error(`${wheelPath} has a file whose path leads out of its folder: ${entry.path}`);
  }
  if (entry.method !== 0 && entry.method !== 8) {
    throw new Error(
      `${entry.path} in ${wheelPath} has compression method ${entry.method}: not supported.`,
    );
  }
  using wheel = await Deno.open(wheelPath);
  const header = await readAt(wheel, entry.offset, 30);
  if (header.getUint32(0, true) !== LOCAL_HEADER) {
    throw new Error(`${wheelPath} is broken at ${entry.path}.`);
  }
  await wheel.seek(
    entry.offset + 30 + header.getUint16(26, true) + header.getUint16(28, true),
    Deno.SeekMode.Start,
  );
  const packed = section(wheel, entry.compressedBytes);
  const unpacked = entry.method === 0
    ? packed
    : packed.pipeThrough(new DecompressionStream("deflate-raw"));
  const target = join(folder, entry.path);
  await Deno.mkdir(dirname(target), { recursive: true });
  using file = await Deno.open(target, { write: true, createNew: true });
  const hash = createHash("sha256");
  let written = 0;
  for await (const piece of unpacked) {
    hash.update(piece);
    for (let done = 0; done < piece.length;) done += await file.write(piece.subarray(done));
    written += piece.length;
    onBytes(piece.length);
  }
  if (written !== entry.bytes) {
    throw new Error(
      `${entry.path} in ${wheelPath} has ${written} bytes instead of ${entry.bytes}.`,
    );
  }
  if (Deno.build.os !== "windows" && (entry.mode & 0o111) !== 0) await Deno.chmod(target, 0o755);
  return hash.digest("hex");
}
