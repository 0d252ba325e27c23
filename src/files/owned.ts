/**
 * Folders whose content is believed: places of work and caches. What others can put there they
 * could make us load or train on, so those folders must be the person's own.
 */
import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { unguessable } from "./create.ts";

/** How a folder is checked. */
export interface OwnedOptions {
  /** What to do where it is refused: "--out FOLDER names another place". */
  wayOut: string;
  /** Whether the folder may be a link of the person's own, as caches are to larger disks. */
  isLinkAllowed?: boolean;
}

const writableByAll = 0o002;

/**
 * Makes a folder, where there is none, and refuses one that another user owns or to which everybody
 * may write. One of root's is taken: root can do all anyhow. So is one to which a group may write:
 * its owner chose that.
 *
 * Where folders that we make ourselves have the same owner or are open to everybody, too (umask
 * 000, disks without owners), nothing can be told from that, and it is not refused.
 *
 * @returns what the person should know of it; null where all is well
 * @throws UserError with the reason and what to do
 */
export function ownedFolder(path: string, options: OwnedOptions): string | null {
  Deno.mkdirSync(path, { recursive: true });
  return requireOwned(path, options);
}

/** As {@link ownedFolder}, of a folder that is there. */
export function requireOwned(
  path: string,
  { wayOut, isLinkAllowed = false }: OwnedOptions,
): string | null {
  const link = Deno.lstatSync(path);
  if (link.isSymlink) {
    if (!isLinkAllowed) {
      throw new UserError(`${path}: this is a link, and what it leads to is not used; ${wayOut}`);
    }
    refuseOthers(path, link, wayOut);
  }
  const folder = Deno.statSync(path);
  const isOpen = ((folder.mode ?? 0) & writableByAll) !== 0;
  refuseOthers(path, folder, wayOut);
  if (!isOpen) return null;
  if (((lookOfOurs(path)?.mode ?? 0) & writableByAll) === 0) {
    throw new UserError(
      `${path}: everybody on this machine may write to it, and what lies there would be ` +
        `believed; take that away (chmod o-w) once you have looked what is in it, or ${wayOut}`,
    );
  }
  return `${path}: everybody may write to it, as to all that is made here (umask 000, or a disk ` +
    "without owners): whoever can reach it can change what comes of this";
}

/**
 * Refuses a folder in which, or below which, anything but plain files and folders lies: what is
 * written and read there would be written and read elsewhere.
 *
 * @param wayOut what to do where it is refused
 */
export function requirePlain(path: string, wayOut: string): void {
  for (const { name, isFile, isDirectory } of Deno.readDirSync(path)) {
    const inside = join(path, name);
    if (isDirectory) requirePlain(inside, wayOut);
    else if (!isFile) {
      throw new UserError(`${inside}: neither a plain file nor a folder; remove it, or ${wayOut}`);
    }
  }
}

/** Refuses what belongs neither to us nor to root. */
function refuseOthers(path: string, { uid }: Deno.FileInfo, wayOut: string): void {
  if (uid === null || uid === 0 || uid === ourUid()) return;
  if (uid === lookOfOurs(path)?.uid) return;
  throw new UserError(
    `${path}: it belongs to another user (number ${uid}), and what lies there would be believed; ` +
      `remove it, take it over (chown), or ${wayOut}`,
  );
}

function ourUid(): number | null {
  try {
    return Deno.uid();
  } catch {
    return null; // No permission to ask; then a folder of ours tells.
  }
}

/** What a folder looks like that we make there; null where we can make none. */
function lookOfOurs(path: string): Deno.FileInfo | null {
  const probe = join(path, `.owner-${unguessable()}`);
  try {
    Deno.mkdirSync(probe);
  } catch {
    return null;
  }
  try {
    return Deno.lstatSync(probe);
  } finally {
    Deno.removeSync(probe);
  }
}
