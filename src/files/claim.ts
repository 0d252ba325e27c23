/**
 * Creates folders that appear complete or not at all, even if two processes create the same one at
 * once.
 */
import { basename, dirname, join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { createStaging, exists, removeIfThere, removeLeftovers, syncFolder } from "./create.ts";
import { acquireLock } from "./lock.ts";

/** A path that belongs to one process until it releases it. */
export interface Claim extends Disposable {
  /** The folder next to the path in which to build the content. */
  readonly staging: string;
  /**
   * Moves the folder to its path.
   *
   * @throws UserError if something exists there now
   */
  finish(): void;
}

/**
 * Claims a path for a folder, and removes what killed processes left of it.
 *
 * @param path the path of the folder; its parent folder must exist
 * @param what is being done, for messages: "unpacking NAME"
 * @param onMessage called if it takes a while to find out whether another process works on it
 * @throws LockedError if another process is creating the same folder
 * @throws UserError if something already exists at the path
 */
export async function claimFolder(
  path: string,
  what: string,
  onMessage?: (text: string) => void,
): Promise<Claim> {
  const requireFree = () => {
    if (!exists(path)) return;
    throw new UserError(
      `${path}: already exists; choose another folder with --out FOLDER`,
    );
  };
  requireFree();
  using stack = new DisposableStack();
  const lock = stack.use(
    await acquireLock(join(dirname(path), `.${basename(path)}.lock`), what, { onWait: onMessage }),
  );
  requireFree();
  removeLeftovers(path);
  const staging = createStaging(path);
  stack.defer(() => removeIfThere(staging));
  const owned = stack.move();
  return {
    staging,
    finish() {
      lock.check();
      requireFree();
      Deno.renameSync(staging, path);
      syncFolder(dirname(path));
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}
