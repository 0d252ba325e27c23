/**
 * SHA-256 of bytes that come in pieces, and of files. WebCrypto wants all bytes at once, and copies
 * them.
 */
import { createHash } from "node:crypto";

/** The SHA-256 of the pieces, one after the other, in hexadecimal. */
export function sha256(...pieces: (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** The SHA-256 of a file, read in pieces: it may be larger than what anybody wants in memory. */
export function sha256OfFile(path: string): string {
  using file = Deno.openSync(path);
  return sha256OfOpen(file);
}

/** The SHA-256 of a file that is open, from its beginning; it stands at its end afterwards. */
export function sha256OfOpen(file: Deno.FsFile): string {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1 << 20);
  file.seekSync(0, Deno.SeekMode.Start);
  for (let count = file.readSync(buffer); count !== null; count = file.readSync(buffer)) {
    hash.update(buffer.subarray(0, count));
  }
  return hash.digest("hex");
}
