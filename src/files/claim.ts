/** Folders that appear whole or not at all, also where two processes make the same one at once. */
import { basename, dirname, join } from "@std/path";
import { UserError } from "../errors.ts";
import { createStaging, exists, removeIfThere, removeLeftovers, syncFolder } from "./create.ts";
import { acquireLock } from "./lock.ts";

/** A place that one process has for itself until it lets go. */
export interface Claim extends Disposable {
  /** The folder, beside the place, in which to build. */
  readonly staging: string;
  /**
   * Gives the folder its place.
   *
   * @throws UserError where something lies there by now
   */
  finish(): void;
}

/**
 * Claims a place for a folder, and removes what killed processes left of it.
 *
 * @param path the place; its own folder must be there
 * @param what is done, for the message: "unpacking NAME"
 * @param say is told where it takes a while to learn whether another process works on it
 * @throws LockedError where another process makes the same folder at this moment
 * @throws UserError where something lies at the place
 */
export async function claimPlace(
  path: string,
  what: string,
  say?: (text: string) => void,
): Promise<Claim> {
  const requireFree = () => {
    if (!exists(path)) return;
    throw new UserError(
      `${path}: there is something of this name already; name another folder behind the file`,
    );
  };
  requireFree();
  using stack = new DisposableStack();
  const lock = stack.use(
    await acquireLock(join(dirname(path), `.${basename(path)}.lock`), what, { onWait: say }),
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
