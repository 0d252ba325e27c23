/** Files that appear whole or not at all: written beside their place, flushed to the disk, then renamed. */

let written = 0;

/**
 * Writes a file so that its name never stands for half of it, even when the process dies in the middle.
 *
 * @param path where the file is to appear; a file that is there is replaced
 * @param parts the bytes, one after the other
 */
export function writeFileAtomic(path: string, ...parts: Uint8Array[]): void {
  // The process id and a counter keep two writers of one path apart; *.tmp is ignored by git.
  const beside = `${path}.${Deno.pid}-${written++}.tmp`;
  try {
    const file = Deno.openSync(beside, { write: true, create: true, truncate: true });
    try {
      for (const part of parts) {
        for (let done = 0; done < part.length;) done += file.writeSync(part.subarray(done));
      }
      file.syncSync();
    } finally {
      file.close();
    }
    Deno.renameSync(beside, path);
  } catch (error) {
    try {
      Deno.removeSync(beside);
    } catch {
      // Nothing was left to remove.
    }
    throw error;
  }
}
