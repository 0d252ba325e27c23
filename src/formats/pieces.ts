/** Reads bytes that arrive in pieces of any length, in the lengths that a format needs. */

/** Takes bytes from pieces, in order. */
export interface PieceReader {
  /** The next bytes from the current piece: at most `most`, and none at the end. */
  some(most: number): Promise<Uint8Array>;
  /** Exactly `count` bytes, or fewer at the end. Memory grows with what arrives. */
  exactly(count: number): Promise<Uint8Array>;
}

/** All parts in one array. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A reader of pieces. */
export function pieceReader(pieces: AsyncIterable<Uint8Array>): PieceReader {
  const source = pieces[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  const some = async (most: number): Promise<Uint8Array> => {
    while (most > 0 && rest.length === 0) {
      const next = await source.next();
      if (next.done) return rest;
      rest = next.value;
    }
    const part = rest.subarray(0, most);
    rest = rest.subarray(part.length);
    return part;
  };
  const exactly = async (count: number): Promise<Uint8Array> => {
    const parts: Uint8Array[] = [];
    let missing = count;
    while (missing > 0) {
      const part = await some(missing);
      if (part.length === 0) break;
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0]! : joined(parts);
  };
  return { some, exactly };
}
