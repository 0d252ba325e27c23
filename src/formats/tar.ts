/**
 * Reads tar archives as they arrive, without holding a whole entry in memory. Formats: POSIX ustar
 * and pax, and GNU's long names. Returns only regular files; refuses links, devices, names that
 * lead outside the folder, and more data than the caller expects.
 */
import { UserError } from "../messages/errors.ts";
import { quoted } from "../messages/printable.ts";
import { concat, type PieceReader, pieceReader } from "./pieces.ts";

const block = 512;
/** Maximum length of a path in bytes. */
const maxNameBytes = 1024;
/** Maximum size of the records in a pax header before an entry. */
const maxRecordBytes = 65_536;

/** A file of an archive. */
export interface TarEntry {
  /** Its path, with "/" as separator; it stays inside the target folder. */
  name: string;
  /** In bytes. */
  size: number;
  /** Its bytes, to be read once and before the next entry; unread bytes are skipped. */
  content: AsyncIterable<Uint8Array>;
}

/** The limits that a caller sets for an archive. */
export interface TarLimits {
  /** Bytes in all entries together. */
  bytes: number;
  /** Entries: files, folders, and the records before them. */
  entries: number;
}

type Fault = (what: string) => UserError;

/** A text in a header, up to its first zero. */
function textAt(header: Uint8Array, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/**
 * A path inside the target folder, or null if the name leads elsewhere or is invalid on some
 * platform.
 */
function safeName(name: string): string | null {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  const bad = (part: string) => part === ".." || /[\\:\p{Cc}]/u.test(part) || part.length > 255;
  return name.startsWith("/") || parts.length === 0 || parts.some(bad) ? null : parts.join("/");
}

/** The records "LENGTH KEY=VALUE\n" of a pax header, or null if they are damaged. */
function paxRecords(content: Uint8Array): Map<string, string> | null {
  const records = new Map<string, string>();
  const text = new TextDecoder();
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const length = space < 0 ? NaN : Number(text.decode(content.subarray(at, space)));
    if (!(length > space - at) || at + length > content.length) return null;
    const record = text.decode(content.subarray(space + 1, at + length - 1));
    const equals = record.indexOf("=");
    if (equals < 0) return null;
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

interface Header {
  type: string;
  size: number;
  /** The name in the header itself. */
  name: string;
}

/** The next entry's header, or null at the end of the archive. */
async function readHeader(reader: PieceReader, fault: Fault): Promise<Header | null> {
  const header = await reader.exactly(block);
  if (header.length < block) throw fault("it is truncated");
  if (header.every((byte) => byte === 0)) return null;
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (sum !== parseInt(textAt(header, 148, 8).trim(), 8)) throw fault("it is damaged");
  const sizeText = textAt(header, 124, 12).trim();
  if (!/^[0-7]+$/.test(sizeText)) throw fault("it is damaged");
  const prefix = textAt(header, 257, 5) === "ustar" ? textAt(header, 345, 155) : "";
  return {
    type: String.fromCharCode(...header.subarray(156, 157)),
    size: parseInt(sizeText, 8),
    name: (prefix ? `${prefix}/` : "") + textAt(header, 0, 100),
  };
}

/** The content after a header: its bytes, then zeros up to a whole block. */
function bodyOf(reader: PieceReader, size: number, fault: Fault) {
  let left = size;
  async function* content(): AsyncGenerator<Uint8Array> {
    while (left > 0) {
      const piece = await reader.some(left);
      if (piece.length === 0) throw fault("it is truncated");
      left -= piece.length;
      yield piece;
    }
  }
  const skip = async () => {
    for await (const _ of content());
    const padding = (block - size % block) % block;
    if ((await reader.exactly(padding)).length < padding) throw fault("it is truncated");
  };
  return { content, skip };
}

/** The name that a record gives to the next entry, or null if it gives none. */
async function recordedName(
  { type, size }: Header,
  content: AsyncIterable<Uint8Array>,
  fault: Fault,
): Promise<string | null> {
  if (size > (type === "L" ? maxNameBytes : maxRecordBytes)) {
    throw fault(`a name or its records have ${size} bytes`);
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  const bytes = concat(pieces);
  if (type === "L") return textAt(bytes, 0, bytes.length);
  const records = paxRecords(bytes);
  if (!records) throw fault("it is damaged");
  // Other programs would use another length, or holes, while we use the header's.
  if (records.has("size")) throw fault("it contains a file of 8 GiB or more");
  if ([...records.keys()].some((key) => key.startsWith("GNU.sparse"))) {
    throw fault("it contains a sparse file");
  }
  return records.get("path") ?? null;
}

/** The safe name of a regular file, or null for a folder, which is created with the files in it. */
function fileName(type: string, name: string, fault: Fault): string | null {
  const safe = name.length > maxNameBytes ? null : safeName(name);
  if (type === "5") {
    // "./" is the target itself.
    if (safe === null && name !== "./" && name !== ".") {
      throw fault(`${quoted(name)} leads outside`);
    }
    return null;
  }
  if (type !== "0" && type !== "\0") throw fault(`${quoted(name)} is a link or a device`);
  if (safe === null) throw fault(`${quoted(name)} leads outside`);
  return safe;
}

/**
 * The files of an archive, in order.
 *
 * @param pieces the archive's bytes, decompressed
 * @param where what to call the archive in messages
 * @param limits how much the archive may contain
 * @throws UserError if it is damaged or truncated, exceeds the limits, or contains links or names
 * that lead elsewhere
 */
export async function* untar(
  pieces: AsyncIterable<Uint8Array>,
  where: string,
  limits: TarLimits,
): AsyncGenerator<TarEntry> {
  const fault = (what: string) =>
    new UserError(`${where}: this tar archive cannot be unpacked: ${what}`);
  const reader = pieceReader(pieces);
  const seen = new Set<string>();
  let bytes = 0;
  let entries = 0;
  let longName: string | null = null;
  for (;;) {
    const header = await readHeader(reader, fault);
    if (header === null) return;
    if (++entries > limits.entries) throw fault(`it has more than ${limits.entries} entries`);
    bytes += header.size;
    if (bytes > limits.bytes) throw fault(`it has more than ${limits.bytes} bytes`);
    const { content, skip } = bodyOf(reader, header.size, fault);

    if (header.type === "L" || header.type === "x") {
      longName = await recordedName(header, content(), fault) ?? longName;
    } else if (header.type !== "g") {
      const name = fileName(header.type, longName ?? header.name, fault);
      longName = null;
      if (name !== null) {
        if (seen.has(name)) throw fault(`${quoted(name)} occurs twice`);
        seen.add(name);
        yield { name, size: header.size, content: content() };
      }
    }
    await skip();
  }
}
