/** The folder of decoded datasets, and whether what lies in it can be believed. */
import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { ownedFolder, requireOwned } from "../files/owned.ts";

const options = {
  wayOut: "name another folder for datasets (--data FOLDER)",
  isLinkAllowed: true,
};

/** Where decoded datasets lie. */
export function cacheFolder(dataRoot: string): string {
  return join(dataRoot, ".cache");
}

/**
 * Why the folder of decoded datasets is not used; null where it may be, or is not there yet. What
 * another user put there could be other images under the name of these.
 */
export function cacheRefusal(dataRoot: string): string | null {
  try {
    requireOwned(cacheFolder(dataRoot), options);
    return null;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    // Not there, or not to be looked at: then nothing is read from it either.
    return null;
  }
}

/** Makes the folder, where there is none; throws where it cannot be made or is not to be used. */
export function makeCacheFolder(dataRoot: string): void {
  ownedFolder(cacheFolder(dataRoot), options);
}
