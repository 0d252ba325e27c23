/**
 * IDX, the format of the MNIST archives: http://yann.lecun.com/exdb/mnist (a magic number, the
 * lengths, the bytes).
 */
import { UserError } from "../errors.ts";

/** Whether the bytes begin as an IDX file of unsigned bytes does. */
export function isIdx(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 8 && bytes[3]! >= 1 && bytes[3]! <= 4;
}

/**
 * An IDX file of unsigned bytes.
 *
 * @param where what to call the file in messages
 * @returns its shape, at most four lengths, and its elements, not copied
 * @throws UserError where it is cut off, too long, or holds other than unsigned bytes
 */
export function decodeIdx(bytes: Uint8Array, where: string): { shape: number[]; data: Uint8Array } {
  if (!isIdx(bytes)) throw new UserError(`${where}: no IDX file of bytes`);
  const axes = bytes[3]!;
  const start = 4 + 4 * axes;
  if (bytes.length < start) throw new UserError(`${where}: this IDX file is cut off`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = shape.reduce((product, length) => product * length, 1);
  if (expected !== bytes.length - start) {
    throw new UserError(
      `${where}: this IDX file should hold ${shape.join(" x ")} bytes, but ${
        bytes.length - start
      } are there`,
    );
  }
  return { shape, data: bytes.subarray(start) };
}
