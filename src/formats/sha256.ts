/**
 * Computes SHA-256 of files, and of bytes in pieces. WebCrypto needs all bytes at once, and copies
 * them.
 */
import { createHash } from "node:crypto";

/** The SHA-256 of consecutive pieces, in hexadecimal. */
export function sha256(...pieces: (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** The SHA-256 of a file, read in pieces because it may not fit into memory. */
export function sha256OfFile(path: string): string {
  using file = Deno.openSync(path);
  return sha256OfOpen(file);
}

/** The SHA-256 of an open file, from its start; afterwards the position is at the end. */
export function sha256OfOpen(file: Deno.FsFile): string {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1 << 20);
  file.seekSync(0, Deno.SeekMode.Start);
  for (let count = file.readSync(buffer); count !== null; count = file.readSync(buffer)) {
    hash.update(buffer.subarray(0, count));
  }
  return hash.digest("hex");
}
