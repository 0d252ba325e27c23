/** gzip, unpacked piece by piece, so that nothing is allocated on a file's word. */
import { UserError } from "../errors.ts";
import { joined } from "./pieces.ts";

/** Whether the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Bytes in small pieces: what a piece unpacks to (a thousand times as much, at most) is in memory
 * at once.
 */
function* slices(bytes: Uint8Array<ArrayBuffer>): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += 1 << 14) yield bytes.subarray(at, at + (1 << 14));
}

/**
 * The pieces of what a gzip file holds. Its checksum is compared at the end.
 *
 * @param where what to call the file in messages
 * @throws UserError where it is damaged or cut off
 */
export async function* gunzipPieces(
  packed: ReadableStream<Uint8Array<ArrayBuffer>>,
  where: string,
): AsyncGenerator<Uint8Array> {
  const sliced = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      for (const slice of slices(piece)) controller.enqueue(slice);
    },
  });
  const pieces = packed.pipeThrough(sliced).pipeThrough(new DecompressionStream("gzip"));
  try {
    for await (const piece of pieces) yield piece;
  } catch (error) {
    // Deno reports damage as a TypeError; anything else (a disk that fails) is another matter.
    if (error instanceof TypeError) {
      throw new UserError(`${where}: this gzip file is damaged or cut off`);
    }
    throw error;
  }
}

/**
 * What a gzip file holds.
 *
 * @throws UserError where it is damaged or cut off, or holds more than `most` bytes
 */
export async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  where: string,
  most = 2 ** 30,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of gunzipPieces(ReadableStream.from([bytes]), where)) {
    length += piece.length;
    if (length > most) {
      throw new UserError(`${where}: this gzip file holds more than ${most} bytes`);
    }
    pieces.push(piece);
  }
  return joined(pieces);
}
