/** What is built beside its place until it is whole, and what a killed process left of it. */
import { basename, dirname, join } from "@std/path";

/**
 * The hidden folder beside `path` in which something is built that will be renamed to `path` when
 * it is whole.
 */
export function partialPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.partial-${Deno.pid}`);
}

/**
 * Removes what a killed process left beside `path`: half-built folders and half-written files of
 * that name. Only the owner of the path's lock may call it.
 *
 * @returns the names that were removed
 */
export function removeLeftovers(path: string): string[] {
  const folder = dirname(path);
  const name = basename(path);
  const removed: string[] = [];
  for (const entry of [...Deno.readDirSync(folder)]) {
    const isPartial = entry.name.startsWith(`.${name}.partial-`);
    const isTemporary = entry.name.startsWith(`${name}.`) &&
      /^\d+-\d+\.tmp$/.test(entry.name.slice(name.length + 1));
    if (!isPartial && !isTemporary) continue;
    Deno.removeSync(join(folder, entry.name), { recursive: true });
    removed.push(entry.name);
  }
  return removed.sort();
}

/** Writes a file that must not be there yet, and flushes it to the disk. */
export function writeNew(path: string, bytes: Uint8Array): void {
  const file = Deno.openSync(path, { write: true, createNew: true });
  try {
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
    file.syncSync();
  } finally {
    file.close();
  }
}

/** Whether there is anything at a path, be it a link that leads nowhere. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
