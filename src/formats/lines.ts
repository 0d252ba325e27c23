/** Reads text files of any length, line by line. */
import { UserError } from "../messages/errors.ts";
import { gunzipPieces, isGzip } from "./gzip.ts";
import { explainInputError } from "./input.ts";

/** Longer lines do not occur in tables of images, and are probably not text. */
const maxLineLength = 1_000_000;

/**
 * The lines of a text file, plain or gzip, without line ends.
 *
 * @throws UserError if it is missing, damaged, or not text
 */
export async function* readLines(path: string): AsyncGenerator<string> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    throw explainInputError(error, path);
  }
  const head = new Uint8Array(2);
  file.readSync(head);
  file.seekSync(0, Deno.SeekMode.Start);
  // The stream closes the file, both at its end and if the rest is not read.
  const pieces = isGzip(head) ? gunzipPieces(file.readable, path) : file.readable;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (piece?: Uint8Array) => {
    try {
      return piece ? decoder.decode(piece, { stream: true }) : decoder.decode();
    } catch {
      throw new UserError(`${path}: not a text file`);
    }
  };
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + decode(piece)).split(/\r?\n/);
    rest = lines.pop()!;
    if (rest.length > maxLineLength) {
      throw new UserError(`${path}: its lines are too long for a table of images`);
    }
    yield* lines;
  }
  rest += decode();
  if (rest) yield rest;
}
