/**
 * Reads PGM and PPM, Netpbm's grey and coloured images, in bytes (P5, P6) and as text (P2, P3).
 * Format: https://netpbm.sourceforge.net/doc/ppm.html.
 */
import { UserError } from "../messages/errors.ts";
import { type Image, maxPixels } from "./image.ts";

type Fault = (what: string) => UserError;

/** Whether the bytes start like a PGM or PPM file. */
export function isNetpbm(bytes: Uint8Array): boolean {
  return /^P[2356][ \t\r\n]+[\d#]/.test(String.fromCharCode(...bytes.subarray(0, 12)));
}

/** Whole numbers separated by spaces, with comments from "#" to the end of the line. */
function numbersOf(bytes: Uint8Array, start: number, fault: Fault) {
  let at = start;
  const isSpace = () => bytes[at] === 0x20 || (bytes[at]! >= 9 && bytes[at]! <= 13);
  const skipSpace = () => {
    while (isSpace() || bytes[at] === 0x23) {
      if (bytes[at] !== 0x23) at++;
      else while (at < bytes.length && bytes[at] !== 10 && bytes[at] !== 13) at++;
    }
  };
  const next = (): number => {
    skipSpace();
    const from = at;
    let value = 0;
    while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39 && at - from < 10) {
      value = 10 * value + bytes[at++]! - 0x30;
    }
    if (at === bytes.length && at === from) throw fault("it is truncated");
    if (at === from || (at < bytes.length && !isSpace() && bytes[at] !== 0x23)) {
      throw fault("it is damaged");
    }
    return value;
  };
  /** After the single space that ends the header, where the pixel bytes start. */
  const afterSpace = () => at + 1;
  const rest = () => {
    skipSpace();
    return bytes.length - at;
  };
  return { next, afterSpace, rest };
}

/** Rounds to the nearest whole number, halves to even, as Python does. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** Scales samples from 0 ... max to 0 ... 255. */
function scale(data: Uint8Array, max: number, fault: Fault): void {
  if (data.some((value) => value > max)) throw fault(`it has samples above its maximum ${max}`);
  if (max === 255) return;
  const scaled = Uint8Array.from(
    { length: max + 1 },
    (_, value) => roundHalfToEven(value / max * 255),
  );
  for (let i = 0; i < data.length; i++) data[i] = scaled[data[i]!]!;
}

/**
 * The image of a PGM or PPM file. Samples with a maximum below 255 are scaled up.
 *
 * @param where what to call the file in messages
 * @throws UserError if it is damaged, truncated, has more than 8 bits, or is too large
 */
export function decodeNetpbm(bytes: Uint8Array, where = "PGM or PPM data"): Image {
  const fault = (what: string) =>
    new UserError(`${where}: this PGM or PPM image cannot be read: ${what}`);
  if (!isNetpbm(bytes)) throw fault("it does not start like such a file");
  const kind = bytes[1]! - 0x30;
  const channels = kind === 2 || kind === 5 ? 1 : 3;
  const numbers = numbersOf(bytes, 2, fault);
  const width = numbers.next();
  const height = numbers.next();
  const max = numbers.next();
  if (width * height === 0) throw fault("it has no pixels");
  if (width * height > maxPixels) throw fault(`it is too large (${width}x${height} pixels)`);
  if (max < 1 || max > 255) throw fault(`its samples go to ${max}; convert it to 8 bits (255)`);

  const count = width * height * channels;
  if (kind < 4) {
    // A sample takes at least a digit and a space.
    if (count > bytes.length) throw fault("it is truncated");
    const data = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const value = numbers.next();
      if (value > 255) throw fault("it is damaged");
      data[i] = value;
    }
    if (numbers.rest() > 0) throw fault("there is data after its pixels");
    scale(data, max, fault);
    return { width, height, channels, data };
  }
  const start = numbers.afterSpace();
  if (bytes.length < start + count) throw fault("it is truncated");
  if (bytes.length > start + count) throw fault("there is data after its pixels");
  const data = bytes.slice(start);
  scale(data, max, fault);
  return { width, height, channels, data };
}
