/**
 * Folders whose content is trusted: work folders and caches. If others could write there, they
 * could make us load or train on their files, so these folders must belong to the user.
 */
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { unguessable } from "./create.ts";

/** How to check a folder. */
export interface OwnedOptions {
  /** What to do if it is refused: "choose another folder with --out FOLDER". */
  advice: string;
  /** Whether the folder may be the user's own link, as caches often link to larger disks. */
  isLinkAllowed?: boolean;
}

const writableByAll = 0o002;

/**
 * Creates a folder if it does not exist, and refuses one that another user owns or everybody may
 * write to. Folders of root are accepted, because root can do anything anyway. So are folders that
 * a group may write to, because their owner chose that.
 *
 * If folders that we create ourselves also have that owner or are open to everybody (umask 000,
 * disks without owners), the check proves nothing, and the folder is accepted.
 *
 * @returns what the user should know about it; null if all is well
 * @throws UserError with the reason and what to do
 */
export function ownedFolder(path: string, options: OwnedOptions): string | null {
  Deno.mkdirSync(path, { recursive: true });
  return requireOwned(path, options);
}

/** Like {@link ownedFolder}, for an existing folder. */
export function requireOwned(
  path: string,
  { advice, isLinkAllowed = false }: OwnedOptions,
): string | null {
  const link = Deno.lstatSync(path);
  if (link.isSymlink) {
    if (!isLinkAllowed) {
      throw new UserError(`${path}: this is a link, and its target is not used; ${advice}`);
    }
    refuseOthers(path, link, advice);
  }
  const folder = Deno.statSync(path);
  const isOpen = ((folder.mode ?? 0) & writableByAll) !== 0;
  refuseOthers(path, folder, advice);
  if (!isOpen) return null;
  if (((attributesOfNewFolder(path)?.mode ?? 0) & writableByAll) === 0) {
    throw new UserError(
      `${path}: everybody on this machine may write to it, and its files would be trusted; ` +
        `check its files and remove that permission (chmod o-w), or ${advice}`,
    );
  }
  return `${path}: everybody may write to it, as to all new files here (umask 000, or a disk ` +
    "without owners), so others can change the results";
}

/**
 * Refuses a folder that contains, at any depth, anything but regular files and folders: a link
 * there would redirect what we write and read.
 *
 * @param advice what to do if it is refused
 */
export function requireRegular(path: string, advice: string): void {
  for (const { name, isFile, isDirectory } of Deno.readDirSync(path)) {
    const inside = join(path, name);
    if (isDirectory) requireRegular(inside, advice);
    else if (!isFile) {
      throw new UserError(`${inside}: not a regular file or folder; remove it, or ${advice}`);
    }
  }
}

/** Refuses what belongs neither to us nor to root. */
function refuseOthers(path: string, { uid }: Deno.FileInfo, advice: string): void {
  if (uid === null || uid === 0 || uid === ourUid()) return;
  if (uid === attributesOfNewFolder(path)?.uid) return;
  throw new UserError(
    `${path}: it belongs to another user (number ${uid}), and its files would be trusted; ` +
      `remove it, take ownership of it (chown), or ${advice}`,
  );
}

function ourUid(): number | null {
  try {
    return Deno.uid();
  } catch {
    return null; // No permission to ask; a folder that we create shows the owner.
  }
}

/** The attributes of a folder that we create there; null if we cannot create one. */
function attributesOfNewFolder(path: string): Deno.FileInfo | null {
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
