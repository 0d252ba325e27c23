/** SHA-256 of bytes that come in pieces. WebCrypto wants all of them at once, and copies them. */
import { createHash } from "node:crypto";

/** The SHA-256 of the pieces, one after the other, in hexadecimal. */
export function sha256(...pieces: (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}
