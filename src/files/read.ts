/** Reading files that lie in a folder which others may write, too. */
import { openRegular } from "./create.ts";

/**
 * The bytes of a plain file, never through a link; of one that is longer, its end.
 *
 * @returns null where there is none
 * @throws UserError where something else lies there: a link, a folder, a device
 */
export function readRegular(path: string, mostBytes: number): Uint8Array | null {
  try {
    using file = openRegular(path, { read: true });
    const { size } = file.statSync();
    const bytes = new Uint8Array(Math.min(size, mostBytes));
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

/** The same as text. */
export function readRegularText(path: string, mostBytes: number): string | null {
  const bytes = readRegular(path, mostBytes);
  return bytes && new TextDecoder().decode(bytes);
}
