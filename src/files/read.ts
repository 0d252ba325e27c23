/** Reads files in a folder that others may write to. */
import { openRegular } from "./create.ts";

/**
 * The bytes of a regular file, never through a link; if it is longer, only its end.
 *
 * @returns null if it does not exist
 * @throws UserError if something else is there: a link, a folder, a device
 */
export function readRegular(path: string, maxBytes: number): Uint8Array | null {
  try {
    using file = openRegular(path, { read: true });
    const { size } = file.statSync();
    const bytes = new Uint8Array(Math.min(size, maxBytes));
    file.seekSync(size - bytes.length, Deno.SeekMode.Start);
    let done = 0;
    while (done < bytes.length) {
      const count = file.readSync(bytes.subarray(done));
      if (count === null) break;
      done += count;
    }
    return bytes.subarray(0, done);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The text of a regular file, see {@link readRegular}. */
export function readRegularText(path: string, maxBytes: number): string | null {
  const bytes = readRegular(path, maxBytes);
  return bytes && new TextDecoder().decode(bytes);
}
