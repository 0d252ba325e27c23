/** Decompresses gzip piece by piece, so that a false size in the file allocates no memory. */
import { UserError } from "../messages/errors.ts";
import { concat } from "./pieces.ts";

/** Whether the bytes start like a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Splits bytes into small pieces: memory holds the expansion of one piece at a time, up to a
 * thousand times its size.
 */
function* slices(bytes: Uint8Array<ArrayBuffer>): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += 1 << 14) yield bytes.subarray(at, at + (1 << 14));
}

/**
 * The decompressed pieces of a gzip file. Its checksum is checked at the end.
 *
 * @param where what to call the file in messages
 * @throws UserError if it is damaged or truncated
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
    // Deno reports damage as a TypeError; any other error, such as a failing disk, is passed on.
    if (error instanceof TypeError) {
      throw new UserError(`${where}: this gzip file is damaged or truncated`);
    }
    throw error;
  }
}

/**
 * The decompressed content of a gzip file.
 *
 * @throws UserError if it is damaged or truncated, or expands to more than `maxBytes`
 */
export async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  where: string,
  maxBytes = 2 ** 30,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of gunzipPieces(ReadableStream.from([bytes]), where)) {
    length += piece.length;
    if (length > maxBytes) {
      throw new UserError(`${where}: this gzip file expands to more than ${maxBytes} bytes`);
    }
    pieces.push(piece);
  }
  return concat(pieces);
}
