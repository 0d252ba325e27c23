/** The folder of decoded datasets, and whether its content can be trusted. */
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { ownedFolder, requireOwned } from "../files/owned.ts";

const options = {
  advice: "choose another folder for datasets with --data FOLDER",
  isLinkAllowed: true,
};

/** The folder of decoded datasets. */
export function cacheFolder(dataRoot: string): string {
  return join(dataRoot, ".cache");
}

/**
 * Why the folder of decoded datasets must not be used; null if it may be used or does not exist
 * yet. Another user could have put other images there under these names.
 */
export function cacheRefusal(dataRoot: string): string | null {
  try {
    requireOwned(cacheFolder(dataRoot), options);
    return null;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    // Missing or inaccessible: then nothing is read from it either.
    return null;
  }
}

/** Creates the folder if it does not exist; throws if it cannot be created or must not be used. */
export function makeCacheFolder(dataRoot: string): void {
  ownedFolder(cacheFolder(dataRoot), options);
}
