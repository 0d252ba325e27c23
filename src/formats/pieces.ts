/** Reads bytes that arrive in pieces of any length, in the lengths that a format needs. */

/** Takes bytes from pieces, in order. */
export interface PieceReader {
  /** The next bytes from the current piece: at most `max`, and none at the end. */
  some(max: number): Promise<Uint8Array>;
  /** Exactly `count` bytes, or fewer at the end. Memory grows with what arrives. */
  exactly(count: number): Promise<Uint8Array>;
}

/** Joins parts into one array. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Creates a reader of pieces. */
export function pieceReader(pieces: AsyncIterable<Uint8Array>): PieceReader {
  const source = pieces[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  const some = async (max: number): Promise<Uint8Array> => {
    while (max > 0 && rest.length === 0) {
      const next = await source.next();
      if (next.done) return rest;
      rest = next.value;
    }
    const part = rest.subarray(0, max);
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
    return parts.length === 1 ? parts[0]! : concat(parts);
  };
  return { some, exactly };
}
