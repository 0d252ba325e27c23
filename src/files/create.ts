/**
 * The one place where files and folders come into being. All are created exclusively: what lies at
 * the name already, a planted link above all, is never opened, followed or emptied. What is built
 * beside its place has a name that nobody can guess, is flushed to the disk, and gets its own name
 * by one rename when it is whole.
 */
import { basename, dirname, join } from "@std/path";
import { UserError } from "../errors.ts";

/** Sixteen random hexadecimal digits. */
export function unguessable(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A file in the making. */
export interface Temporary {
  /** Where it is until it is whole. */
  readonly path: string;
  /** Open for writing, and empty. */
  readonly file: Deno.FsFile;
}

/**
 * Creates an empty file beside `path`, to be renamed to it when it is whole. Its name ends in .tmp,
 * which git ignores.
 */
export function createTemporary(path: string): Temporary {
  const beside = `${path}.${unguessable()}.tmp`;
  return { path: beside, file: Deno.openSync(beside, { write: true, createNew: true }) };
}

/**
 * Creates the hidden folder beside `path` in which something is built, to be renamed to `path` when
 * it is whole.
 */
export function createStaging(path: string): string {
  const staging = join(dirname(path), `.${basename(path)}.partial-${unguessable()}`);
  Deno.mkdirSync(staging);
  return staging;
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
      /^[0-9a-f]{16}\.tmp$/.test(entry.name.slice(name.length + 1));
    if (!isPartial && !isTemporary) continue;

    // Of a link the link itself is removed, not what it leads to.
    Deno.removeSync(join(folder, entry.name), { recursive: true });
    removed.push(entry.name);
  }
  return removed.sort();
}

/** Writes all bytes at a file's present place. */
export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}

/** Writes a file that must not be there yet, and flushes it to the disk. */
export function writeNew(path: string, bytes: Uint8Array): void {
  using file = Deno.openSync(path, { write: true, createNew: true });
  writeAll(file, bytes);
  file.syncSync();
}

/**
 * Opens a file of ours for writing at its end, and creates it where there is none.
 *
 * @throws UserError where something else lies there: a link, a folder, a device
 */
export function openAppend(path: string): Deno.FsFile {
  if (!exists(path)) return Deno.openSync(path, { append: true, createNew: true });
  return openRegular(path, { append: true });
}

/**
 * Opens a file that is there, never through a link.
 *
 * @param options as of Deno.openSync; none that creates or empties
 * @throws UserError where something else lies there: a link, a folder, a device
 */
export function openRegular(
  path: string,
  options: { read?: true; write?: true; append?: true },
): Deno.FsFile {
  const refused = () =>
    new UserError(`${path}: this is no plain file of its own; look what it is, and remove it`);
  const seen = Deno.lstatSync(path);
  if (!seen.isFile) throw refused();

  const file = Deno.openSync(path, options);
  const opened = file.statSync();
  // Another file than the one that was seen: a link took its place in between. A second name (hard
  // link) may be that of somebody's file elsewhere.
  const isSame = opened.ino === seen.ino && opened.dev === seen.dev;
  if (isSame && (opened.nlink ?? 1) === 1) return file;
  file.close();
  throw refused();
}

/**
 * Flushes a folder's list of names to the disk: before that, a file renamed into it may be gone
 * after a power loss.
 */
export function syncFolder(path: string): void {
  // On Windows a folder cannot be opened, and the file system sees to it.
  if (Deno.build.os === "windows") return;
  using folder = Deno.openSync(path, { read: true });
  folder.syncSync();
}

/**
 * Writes a file so that its name stands for the old bytes or for the new ones, never for half of
 * either, whatever kills the process or the machine: temporary name, flush, rename, flush of the
 * folder. A link at its place is replaced, not followed.
 *
 * @param path where the file is to appear; a file that is there is replaced
 * @param parts the bytes, one after the other
 */
export function writeFileAtomic(path: string, ...parts: Uint8Array[]): void {
  const beside = createTemporary(path);
  try {
    {
      using file = beside.file;
      for (const part of parts) writeAll(file, part);
      file.syncSync();
    }
    Deno.renameSync(beside.path, path);
    syncFolder(dirname(path));
  } catch (error) {
    try {
      Deno.removeSync(beside.path);
    } catch {
      // Nothing was left to remove, or it is a matter of the same error.
    }
    throw error;
  }
}

/** Removes a file, link or folder with all that is in it, where it is there. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Refuses a place that nobody named, where a link lies: what is written there would land wherever
 * the link's maker wants it.
 *
 * @param wayOut what to do instead: "--out FOLDER names another place"
 */
export function refuseLink(path: string, wayOut: string): void {
  if (exists(path) && Deno.lstatSync(path).isSymlink) {
    throw new UserError(`${path}: a link lies here, and nothing is written through it; ${wayOut}`);
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
