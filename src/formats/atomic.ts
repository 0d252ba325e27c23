/**
 * Files that appear whole or not at all: written beside their place, flushed to the disk, then
 * renamed.
 */
import { dirname } from "@std/path";

let written = 0;

/**
 * Flushes a folder's list of names to the disk: before that, a file renamed into it may be gone
 * after a power loss.
 */
export function syncFolder(path: string): void {
  if (Deno.build.os === "windows") return; // There a folder cannot be opened, and the file system sees to it.
  const folder = Deno.openSync(path, { read: true });
  try {
    folder.syncSync();
  } finally {
    folder.close();
  }
}

/**
 * Writes a file so that its name stands for the old bytes or for the new ones, never for half of
 * either, whatever kills the process or the machine: temporary name, flush, rename, flush of the
 * folder.
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
    syncFolder(dirname(path));
  } catch (error) {
    try {
      Deno.removeSync(beside);
    } catch {
      // Nothing was left to remove.
    }
    throw error;
  }
}
