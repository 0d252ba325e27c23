/**
 * tar archives, read as they arrive. Formats: POSIX ustar and pax, and GNU's long names. Only plain
 * files come out: what names a place outside, a link or a device is refused, and so is more than
 * the caller expects.
 */
import { UserError } from "../errors.ts";

const block = 512;

/** A file of an archive: its path, with "/" between its parts, and its bytes. */
export interface TarEntry {
  name: string;
  content: Uint8Array;
}

/** Bytes out of pieces of any length. */
function reader(pieces: AsyncIterator<Uint8Array>) {
  let piece = new Uint8Array() as Uint8Array;
  let at = 0;
  /**
   * So many bytes, or fewer at the end. Grows with what arrives, not with what an archive claims.
   */
  return async (count: number): Promise<Uint8Array> => {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < count) {
      if (at === piece.length) {
        const next = await pieces.next();
        if (next.done) break;
        piece = next.value;
        at = 0;
        continue;
      }
      const part = piece.subarray(at, at + count - length);
      at += part.length;
      length += part.length;
      parts.push(part);
    }
    if (parts.length === 1) return parts[0]!;
    const whole = new Uint8Array(length);
    let end = 0;
    for (const part of parts) {
      whole.set(part, end);
      end += part.length;
    }
    return whole;
  };
}

/** A text of a header, up to its first zero. */
function textAt(header: Uint8Array, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/**
 * A path inside the target folder, or null where the name leads elsewhere or is none on some
 * platform.
 */
function safeName(name: string): string | null {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  const bad = (part: string) => part === ".." || /[\\:\p{Cc}]/u.test(part) || part.length > 255;
  return name.startsWith("/") || parts.length === 0 || parts.some(bad) ? null : parts.join("/");
}

/** The `path` of a pax header: records "LENGTH KEY=VALUE\n". */
function paxPath(content: Uint8Array): string | null {
  let found: string | null = null;
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const length = space < 0 ? NaN : Number(new TextDecoder().decode(content.subarray(at, space)));
    if (!(length > space - at) || at + length > content.length) return null;
    const record = new TextDecoder().decode(content.subarray(space + 1, at + length - 1));
    if (record.startsWith("path=")) found = record.slice(5);
    at += length;
  }
  return found;
}

/**
 * The files of an archive, in its order.
 *
 * @param pieces the archive's bytes, unpacked
 * @param where what to call the archive in messages
 * @param most at most so many bytes and so many entries are expected
 * @throws UserError where it is damaged or cut off, holds more than expected, or holds links or
 *   names that lead elsewhere
 */
export async function* untar(
  pieces: AsyncIterable<Uint8Array>,
  where: string,
  most: { bytes: number; entries: number },
): AsyncGenerator<TarEntry> {
  const fault = (what: string) =>
    new UserError(`${where}: this tar archive is not unpacked: ${what}`);
  const take = reader(pieces[Symbol.asyncIterator]());
  const seen = new Set<string>();
  let bytes = 0;
  let entries = 0;
  let longName: string | null = null;
  for (;;) {
    const header = await take(block);
    if (header.length < block) throw fault("it is cut off");
    if (header.every((byte) => byte === 0)) return;
    const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
    if (sum !== parseInt(textAt(header, 148, 8).trim(), 8)) throw fault("it is damaged");
    const sizeText = textAt(header, 124, 12).trim();
    const size = /^[0-7]+$/.test(sizeText) ? parseInt(sizeText, 8) : NaN;
    if (!(size >= 0)) throw fault("it is damaged");
    if (++entries > most.entries) throw fault(`it holds more than ${most.entries} entries`);
    if ((bytes += size) > most.bytes) throw fault(`it holds more than ${most.bytes} bytes`);
    const content = await take(size);
    const padding = (block - size % block) % block;
    if (content.length < size || (await take(padding)).length < padding) {
      throw fault("it is cut off");
    }

    const type = String.fromCharCode(header[156]!);
    if (type === "L") {
      longName = textAt(content, 0, content.length);
      continue;
    }
    if (type === "x") {
      longName = paxPath(content) ?? longName;
      continue;
    }
    if (type === "g") continue;
    const prefix = textAt(header, 257, 5) === "ustar" ? textAt(header, 345, 155) : "";
    const name: string = longName ?? (prefix ? `${prefix}/` : "") + textAt(header, 0, 100);
    longName = null;
    const safe = safeName(name);
    if (type === "5") {
      // Folders appear with the files in them; "./" stands for the target itself.
      if (safe === null && name !== "./" && name !== ".") {
        throw fault(`${JSON.stringify(name)} leads outside`);
      }
      continue;
    }
    if (type !== "0" && type !== "\0") throw fault(`${JSON.stringify(name)} is a link or a device`);
    if (safe === null) throw fault(`${JSON.stringify(name)} leads outside`);
    if (seen.has(safe)) throw fault(`${JSON.stringify(name)} is there twice`);
    seen.add(safe);
    yield { name: safe, content };
  }
}
