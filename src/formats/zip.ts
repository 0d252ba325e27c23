/**
 * Zip archives whose entries are stored, not compressed, as PyTorch writes them. Format: PKWARE's
 * APPNOTE.TXT, with its 64-bit extensions. Every entry's checksum is compared, so that a damaged
 * byte is found.
 */
import { UserError } from "../errors.ts";
import { crc32 } from "./crc32.ts";

/** Whether the bytes begin as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * The entries of an archive by name; their bytes are parts of the archive's, not copies.
 *
 * @throws UserError where it is damaged, encrypted or compressed
 */
export function decodeStoredZip(bytes: Uint8Array, where: string): Map<string, Uint8Array> {
  const fault = (what: string) =>
    new UserError(`${where}: this zip archive cannot be read: ${what}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const range = (at: number, length: number) => {
    if (!(at >= 0 && length >= 0 && at + length <= bytes.length)) {
      throw fault("it is cut off or damaged");
    }
    return at;
  };
  const u64 = (at: number) => {
    const value = Number(view.getBigUint64(range(at, 8), true));
    if (!Number.isSafeInteger(value)) throw fault("it is damaged");
    return value;
  };
  // The directory's end lies last, with a comment of at most 65,535 bytes behind it.
  let end = bytes.length - 22;
  while (
    end >= 0 && end >= bytes.length - 22 - 65_535 && view.getUint32(end, true) !== 0x06054b50
  ) end--;
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50) {
    throw fault("its directory is missing; it is cut off");
  }
  let count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffffffff) {
    if (end < 20 || view.getUint32(end - 20, true) !== 0x07064b50) {
      throw fault("its directory is damaged");
    }
    const wide = range(u64(end - 20 + 8), 56);
    if (view.getUint32(wide, true) !== 0x06064b50) throw fault("its directory is damaged");
    count = u64(wide + 32);
    at = u64(wide + 48);
  }
  const entries = new Map<string, Uint8Array>();
  let total = 0;
  for (let i = 0; i < count; i++) {
    range(at, 46);
    if (view.getUint32(at, true) !== 0x02014b50) throw fault("its directory is damaged");
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    let packed = view.getUint32(at + 20, true);
    let size = view.getUint32(at + 24, true);
    let local = view.getUint32(at + 42, true);
    const next = range(at + 46, nameLength + extraLength) + nameLength + extraLength +
      view.getUint16(at + 32, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    // The 64-bit field holds those of the three that did not fit, in this order.
    const extraEnd = at + 46 + nameLength + extraLength;
    for (let extra = at + 46 + nameLength; extra + 4 <= extraEnd;) {
      const id = view.getUint16(extra, true);
      const length = view.getUint16(extra + 2, true);
      range(extra + 4, length);
      if (id === 1) {
        let field = extra + 4;
        if (size === 0xffffffff) size = u64((field += 8) - 8);
        if (packed === 0xffffffff) packed = u64((field += 8) - 8);
        if (local === 0xffffffff) local = u64(field);
      }
      extra += 4 + length;
    }
    if (flags & 1) throw fault(`${JSON.stringify(name)} is encrypted`);
    if (method !== 0 || packed !== size) {
      throw fault(`${JSON.stringify(name)} is compressed, which PyTorch never does`);
    }
    if (view.getUint32(range(local, 30), true) !== 0x04034b50) {
      throw fault(`${JSON.stringify(name)} is damaged`);
    }
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const content = bytes.subarray(range(start, size), start + size);
    if (entries.has(name)) throw fault(`${JSON.stringify(name)} is there twice`);
    // Entries that overlap could make a small archive cost much.
    if ((total += size) > bytes.length) throw fault("its entries overlap");
    entries.set(name, content);
    if (crc32(content) !== view.getUint32(at + 16, true)) {
      throw fault(`the checksum of ${JSON.stringify(name)} is wrong`);
    }
    at = next;
  }
  return entries;
}
