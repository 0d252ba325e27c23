/** The files of a dataset on disk, in an order that does not depend on the disk. */
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { explainInputError } from "../formats/input.ts";
import { sha256 } from "../formats/sha256.ts";

/** One file of a dataset. */
export interface DataFile {
  path: string;
  /** The path relative to the dataset's folder, with "/" as separator. */
  name: string;
  size: number;
  /** The modification time in milliseconds. */
  changed: number;
}

/** A deeper tree is not a dataset, but a loop of links or somebody's whole disk. */
const maxDepth = 8;

/** Compares by code units, so that the order is the same for every language and platform. */
export function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/**
 * The files under a folder, or the file itself, sorted by name. Skips names that start with a dot,
 * and the __MACOSX folders of archives.
 *
 * @throws UserError if it does not exist or cannot be read
 */
export function listFiles(root: string): DataFile[] {
  const found: DataFile[] = [];
  const visit = (path: string, name: string, depth: number) => {
    let info: Deno.FileInfo;
    try {
      info = Deno.statSync(path);
    } catch (error) {
      // A broken link is listed, and reported when its content is needed.
      const broken = error instanceof Deno.errors.NotFound ||
        error instanceof Deno.errors.FilesystemLoop;
      if (depth > 0 && broken) found.push({ path, name, size: 0, changed: 0 });
      else throw explainInputError(error, path);
      return;
    }
    if (info.isFile) {
      found.push({ path, name, size: info.size, changed: info.mtime?.getTime() ?? 0 });
    } else if (info.isDirectory) {
      if (depth > maxDepth) {
        throw new UserError(
          `${path}: more than ${maxDepth} folders deep; give the folder of the dataset itself`,
        );
      }
      let entries: Deno.DirEntry[];
      try {
        entries = [...Deno.readDirSync(path)];
      } catch (error) {
        throw explainInputError(error, path);
      }
      for (const entry of entries) {
        if (entry.name.startsWith(".") || entry.name === "__MACOSX") continue;
        visit(join(path, entry.name), name ? `${name}/${entry.name}` : entry.name, depth + 1);
      }
    }
  };
  visit(root, "", 0);
  if (found.length === 1 && found[0]!.name === "") found[0]!.name = root.split(/[\\/]/).at(-1)!;
  return found.sort(byName);
}

/** A text that changes when any of the files does; reads none of them. */
export function identityOf(files: readonly DataFile[]): string {
  return sha256(JSON.stringify(files.map(({ name, size, changed }) => [name, size, changed])));
}

/** The other files in a file's folder, sorted by name, without subfolders. */
export function siblingFiles(path: string): DataFile[] {
  const [, folder = "", own] = /^(.*[/\\])?([^/\\]*)$/.exec(path) ?? [];
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder || ".")];
  } catch (error) {
    throw explainInputError(error, folder || ".");
  }
  const names = entries.filter(({ name, isFile }) => isFile && name !== own && name[0] !== ".");
  return names.flatMap(({ name }) => listFiles(`${folder}${name}`)).sort(byName);
}
