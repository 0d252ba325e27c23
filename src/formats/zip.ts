/**
 * Reads zip archives as PyTorch and NumPy write them, with entries stored or deflated. Format:
 * PKWARE's APPNOTE.TXT, with its 64-bit extensions.
 *
 * We do not use fflate's `unzip`, which checks no checksums and does not notice overlapping
 * entries, but only its inflate. This reader checks every entry's checksum, so that it finds
 * damaged bytes, and allocates no memory that the file's size does not justify.
 */
import { inflateSync } from "fflate";
import { UserError } from "../messages/errors.ts";
import { quoted } from "../messages/printable.ts";
import { crc32 } from "./crc32.ts";

/** Deflate never expands more than this. */
const maxExpansion = 1032;

/** Whether the bytes start like a zip archive. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** The archive's bytes, and a function that makes its errors. */
interface Archive {
  bytes: Uint8Array;
  view: DataView;
  fault: (what: string) => UserError;
}

/** Checks that a range is inside the archive, and returns its start. */
function range({ bytes, fault }: Archive, at: number, length: number): number {
  if (!(at >= 0 && length >= 0 && at + length <= bytes.length)) {
    throw fault("it is truncated or damaged");
  }
  return at;
}

function u64(archive: Archive, at: number): number {
  const value = Number(archive.view.getBigUint64(range(archive, at, 8), true));
  if (!Number.isSafeInteger(value)) throw archive.fault("it is damaged");
  return value;
}

/** The start of the directory, and its number of entries. */
function findDirectory(archive: Archive): { at: number; count: number } {
  const { bytes, view, fault } = archive;
  // The end of the directory comes last, followed by a comment of at most 65,535 bytes.
  const last = bytes.length - 22;
  let end = last;
  while (end >= 0 && end >= last - 65_535 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50) {
    throw fault("its directory is missing; it is truncated");
  }
  const count = view.getUint16(end + 10, true);
  const at = view.getUint32(end + 16, true);
  if (count !== 0xffff && at !== 0xffffffff) return { at, count };
  if (end < 20 || view.getUint32(end - 20, true) !== 0x07064b50) {
    throw fault("its directory is damaged");
  }
  const wide = range(archive, u64(archive, end - 20 + 8), 56);
  if (view.getUint32(wide, true) !== 0x06064b50) throw fault("its directory is damaged");
  return { at: u64(archive, wide + 48), count: u64(archive, wide + 32) };
}

interface DirectoryEntry {
  name: string;
  flags: number;
  method: number;
  checksum: number;
  packed: number;
  size: number;
  /** The position of its own header. */
  local: number;
  /** The position of the directory's next entry. */
  next: number;
}

/** The directory entry at a position. */
function readEntry(archive: Archive, at: number): DirectoryEntry {
  const { bytes, view, fault } = archive;
  range(archive, at, 46);
  if (view.getUint32(at, true) !== 0x02014b50) throw fault("its directory is damaged");
  const nameLength = view.getUint16(at + 28, true);
  const extraStart = at + 46 + nameLength;
  const extraEnd = extraStart + view.getUint16(at + 30, true);
  range(archive, at + 46, extraEnd - at - 46);
  const entry: DirectoryEntry = {
    name: new TextDecoder().decode(bytes.subarray(at + 46, extraStart)),
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    checksum: view.getUint32(at + 16, true),
    packed: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    local: view.getUint32(at + 42, true),
    next: extraEnd + view.getUint16(at + 32, true),
  };
  for (let extra = extraStart; extra + 4 <= extraEnd;) {
    const length = view.getUint16(extra + 2, true);
    range(archive, extra + 4, length);
    if (view.getUint16(extra, true) === 1) readWideFields(archive, entry, extra + 4);
    extra += 4 + length;
  }
  return entry;
}

/** The 64-bit field contains those of the three values that did not fit, in this order. */
function readWideFields(archive: Archive, entry: DirectoryEntry, at: number): void {
  for (const field of ["size", "packed", "local"] as const) {
    if (entry[field] !== 0xffffffff) continue;
    entry[field] = u64(archive, at);
    at += 8;
  }
}

/** The compressed bytes of an entry; views of the archive, not copies. */
function packedBytes(archive: Archive, { name, local, packed }: DirectoryEntry): Uint8Array {
  const { bytes, view, fault } = archive;
  if (view.getUint32(range(archive, local, 30), true) !== 0x04034b50) {
    throw fault(`${quoted(name)} is damaged`);
  }
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  return bytes.subarray(range(archive, start, packed), start + packed);
}

function inflate(packed: Uint8Array, size: number, fault: () => UserError): Uint8Array {
  if (size > maxExpansion * packed.length) throw fault();
  try {
    // One extra byte, to detect an entry that is longer than it claims.
    const content = inflateSync(packed, { out: new Uint8Array(size + 1) });
    if (content.length === size) return content;
  } catch {
    // Reported below, with the entry's name.
  }
  throw fault();
}

/**
 * The entries of an archive by name. The bytes of stored entries are views of the archive, not
 * copies.
 *
 * @param options.maxBytes how much compressed entries may expand to; stored entries are in memory
 *   already
 * @throws UserError if it is damaged, encrypted, compressed with anything but deflate, or contains
 * more
 */
export function decodeZip(
  bytes: Uint8Array,
  where: string,
  { maxBytes = 2 ** 29 }: { maxBytes?: number } = {},
): Map<string, Uint8Array> {
  const fault = (what: string) =>
    new UserError(`${where}: this zip archive cannot be read: ${what}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const archive: Archive = { bytes, view, fault };
  const { at: directory, count } = findDirectory(archive);
  const entries = new Map<string, Uint8Array>();
  let packedTotal = 0;
  let unpackedTotal = 0;
  for (let i = 0, at = directory; i < count; i++) {
    const entry = readEntry(archive, at);
    const named = quoted(entry.name);
    if (entry.flags & 1) throw fault(`${named} is encrypted`);
    if (entry.method !== 0 && entry.method !== 8) {
      throw fault(`the compression of ${named} is not supported`);
    }
    const isStored = entry.method === 0;
    if (isStored && entry.packed !== entry.size) throw fault(`${named} is damaged`);
    const packed = packedBytes(archive, entry);
    if (entries.has(entry.name)) throw fault(`${named} occurs twice`);
    // Without this check, overlapping entries could make a small archive expensive.
    if ((packedTotal += entry.packed) > bytes.length) throw fault("its entries overlap");
    if (!isStored && (unpackedTotal += entry.size) > maxBytes) {
      throw fault(`its entries expand to more than ${maxBytes} bytes; store them uncompressed`);
    }
    const content = isStored
      ? packed
      : inflate(packed, entry.size, () => fault(`${named} is damaged`));
    if (crc32(content) !== entry.checksum) throw fault(`the checksum of ${named} is wrong`);
    entries.set(entry.name, content);
    at = entry.next;
  }
  return entries;
}
