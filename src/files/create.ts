/**
 * The only module that creates files and folders. It creates all of them exclusively: it never
 * opens, follows or truncates anything that already exists under the name, such as a planted link.
 * Work in progress has an unguessable name next to its final path, is flushed to disk, and gets its
 * own name by a single rename once it is complete.
 */
import { basename, dirname, join } from "@std/path";
import { UserError } from "../messages/errors.ts";

/** Sixteen random hexadecimal digits. */
export function unguessable(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A file that is being written. */
export interface Temporary {
  /** Its path until it is complete. */
  readonly path: string;
  /** Open for writing, and empty. */
  readonly file: Deno.FsFile;
}

/**
 * Creates an empty file next to `path`, to be renamed to it when complete. Its name ends in .tmp,
 * which git ignores.
 */
export function createTemporary(path: string): Temporary {
  const temporary = `${path}.${unguessable()}.tmp`;
  return { path: temporary, file: Deno.openSync(temporary, { write: true, createNew: true }) };
}

/**
 * Creates a hidden folder next to `path` in which to build something, to be renamed to `path` when
 * complete.
 */
export function createStaging(path: string): string {
  const staging = join(dirname(path), `.${basename(path)}.partial-${unguessable()}`);
  Deno.mkdirSync(staging);
  return staging;
}

/**
 * Removes what a killed process left next to `path`: unfinished folders and files for that name.
 * Only the owner of the path's lock may call it.
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

    // For a link, this removes the link itself, not its target.
    Deno.removeSync(join(folder, entry.name), { recursive: true });
    removed.push(entry.name);
  }
  return removed.sort();
}

/** Writes all bytes at the file's current position. */
export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}

/** Writes a file that must not exist yet, and flushes it to disk. */
export function writeNew(path: string, bytes: Uint8Array): void {
  using file = Deno.openSync(path, { write: true, createNew: true });
  writeAll(file, bytes);
  file.syncSync();
}

/**
 * Opens one of our files for appending, and creates it if it does not exist.
 *
 * @throws UserError if something else is there: a link, a folder, a device
 */
export function openAppend(path: string): Deno.FsFile {
  if (!exists(path)) return Deno.openSync(path, { append: true, createNew: true });
  return openRegular(path, { append: true });
}

/**
 * Opens an existing file, never through a link.
 *
 * @param options for Deno.openSync; none that creates or truncates
 * @throws UserError if something else is there: a link, a folder, a device
 */
export function openRegular(
  path: string,
  options: { read?: true; write?: true; append?: true },
): Deno.FsFile {
  const refused = () =>
    new UserError(
      `${path}: this is a link, or not a regular file; check what it is, and remove it`,
    );
  const seen = Deno.lstatSync(path);
  if (!seen.isFile) throw refused();

  const file = Deno.openSync(path, options);
  const opened = file.statSync();
  // If the file differs from the one checked, a link replaced it in between. If it has a second
  // name (hard link), it may be somebody else's file.
  const isSame = opened.ino === seen.ino && opened.dev === seen.dev;
  if (isSame && (opened.nlink ?? 1) === 1) return file;
  file.close();
  throw refused();
}

/**
 * Flushes a folder's directory entries to disk: until then, a file renamed into it may be lost in a
 * power failure.
 */
export function syncFolder(path: string): void {
  // On Windows a folder cannot be opened, and the file system takes care of it.
  if (Deno.build.os === "windows") return;
  using folder = Deno.openSync(path, { read: true });
  folder.syncSync();
}

/**
 * Writes a file so that its name refers to the old bytes or to the new ones, never to a mixture, no
 * matter what kills the process or the machine: it writes to a temporary name, flushes, renames,
 * and flushes the folder. A link at the path is replaced, not followed.
 *
 * @param path where the file appears; an existing file is replaced
 * @param parts the bytes, in order
 */
export function writeFileAtomic(path: string, ...parts: Uint8Array[]): void {
  const temporary = createTemporary(path);
  try {
    {
      using file = temporary.file;
      for (const part of parts) writeAll(file, part);
      file.syncSync();
    }
    Deno.renameSync(temporary.path, path);
    syncFolder(dirname(path));
  } catch (error) {
    removeQuietly(temporary.path);
    throw error;
  }
}

/** Removes a file if possible. The caller reports the error that matters. */
function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was renamed already, or the same problem prevents this, too.
  }
}

/** Removes a file, link or folder with its content, if it exists. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Refuses a default path if it is a link: anything written there would go wherever the link's
 * creator wants.
 *
 * @param advice what to do instead: "choose another folder with --out FOLDER"
 */
export function refuseLink(path: string, advice: string): void {
  if (exists(path) && Deno.lstatSync(path).isSymlink) {
    throw new UserError(`${path}: this is a link, and nothing is written through it; ${advice}`);
  }
}

/** Whether anything exists at a path, even a broken link. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
