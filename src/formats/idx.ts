/**
 * Reads IDX, the format of the MNIST archives: http://yann.lecun.com/exdb/mnist (a magic number,
 * the lengths, the elements).
 */
import { UserError } from "../messages/errors.ts";

const unsignedBytes = 0x08;
const int32 = 0x0c;

/** Whether the bytes start like an IDX file of unsigned bytes or int32. */
export function isIdx(bytes: Uint8Array): boolean {
  const type = bytes[2];
  return bytes[0] === 0 && bytes[1] === 0 && (type === unsignedBytes || type === int32) &&
    bytes[3]! >= 1 && bytes[3]! <= 4;
}

/** Big-endian int32 numbers as bytes, or null if one does not fit. */
function narrowed(bytes: Uint8Array): Uint8Array | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const narrow = new Uint8Array(bytes.length / 4);
  for (let i = 0; i < narrow.length; i++) {
    const value = view.getInt32(4 * i);
    if (value < 0 || value > 255) return null;
    narrow[i] = value;
  }
  return narrow;
}

/**
 * An IDX file of unsigned bytes, or of int32 that are all 0 to 255.
 *
 * @param where what to call the file in messages
 * @returns its shape, at most four lengths, and its elements; bytes are not copied
 * @throws UserError if it is truncated, too long, or contains other numbers
 */
export function decodeIdx(bytes: Uint8Array, where: string): { shape: number[]; data: Uint8Array } {
  if (!isIdx(bytes)) throw new UserError(`${where}: not an IDX file of bytes or int32`);
  const axes = bytes[3]!;
  const start = 4 + 4 * axes;
  if (bytes.length < start) throw new UserError(`${where}: this IDX file is truncated`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const width = bytes[2] === int32 ? 4 : 1;
  const expected = shape.reduce((product, length) => product * length, width);
  if (expected !== bytes.length - start) {
    throw new UserError(
      `${where}: this IDX file should have ${shape.join(" x ")}${width === 4 ? " x 4" : ""} ` +
        `bytes, but has ${bytes.length - start}`,
    );
  }
  const elements = bytes.subarray(start);
  const data = width === 1 ? elements : narrowed(elements);
  if (!data) throw new UserError(`${where}: this IDX file has int32 values outside 0 to 255`);
  return { shape, data };
}
