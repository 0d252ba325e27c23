/**
 * Reading a bundle's folder whole: every file with its SHA-256, and what lies there besides. Says
 * nothing about what that means; see `judge_bag.ts`. Links are not followed, and nothing outside the
 * folder is opened.
 */
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { explainInputError } from "../formats/input.ts";
import { sha256, sha256OfOpen } from "../formats/sha256.ts";
import { isSafeName, parseManifest } from "./manifest.ts";
import { isLeftBehind } from "./names.ts";
import { type BundleFiles, bundleFiles, openInside, requireFolder, sizeInside } from "./open.ts";
import type { Problem } from "./problem.ts";

/** A manifest as it lies there. */
export interface ReadManifest {
  /** SHA-256 of each file that it lists. */
  listed: ReadonlyMap<string, string>;
  /** What is wrong with its lines. */
  faults: string[];
  /** Whether its lines end as on Windows, which no run writes. */
  hasCarriageReturns: boolean;
}

/** What lies in a folder. */
export interface Inventory {
  path: string;
  /** The regular files under harmless names. */
  files: BundleFiles;
  /** SHA-256 of each of them. */
  digestOf: ReadonlyMap<string, string>;
  /** Bytes of each of them. */
  sizeOf: ReadonlyMap<string, number>;
  /** What can be no part of a bundle: links, devices, names, empty folders; what cannot be read. */
  strange: Problem[];
  /** What file managers and systems left there. */
  leftBehind: string[];
  /** Null where there is none. */
  payload: ReadManifest | null;
  /** Null where there is none. */
  tags: ReadManifest | null;
}

/**
 * Takes the inventory of a bundle's folder.
 *
 * @throws UserError where there is no such folder
 */
export function takeInventory(path: string): Inventory {
  requireFolder(path);
  const strange: Problem[] = [];
  const leftBehind: string[] = [];
  const digestOf = new Map<string, string>();
  const sizeOf = new Map<string, number>();
  for (const name of namesIn(path, strange, leftBehind)) {
    try {
      sizeOf.set(name, sizeInside(path, name) ?? 0);
      using file = openInside(path, name);
      digestOf.set(name, sha256OfOpen(file));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      strange.push({ file: name, what: `it cannot be read: ${error.message}` });
    }
  }
  const files = bundleFiles(path);
  const manifest = (name: string) => digestOf.has(name) ? readManifest(files, name) : null;
  return {
    path,
    files,
    digestOf,
    sizeOf,
    strange,
    leftBehind,
    payload: manifest("manifest-sha256.txt"),
    tags: manifest("tagmanifest-sha256.txt"),
  };
}

/** A file's SHA-256 with its lines ended as a run ends them, as git may have changed them. */
export function digestWithLineFeeds(files: BundleFiles, name: string): string | null {
  try {
    const bytes = files.bytes(name);
    return bytes.includes(13) ? sha256(withLineFeeds(bytes)) : null;
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

function readManifest(files: BundleFiles, name: string): ReadManifest {
  const faults: string[] = [];
  const bytes = files.bytes(name);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const text = decoder.decode(withLineFeeds(bytes));
  const listed = parseManifest(text, (what) => void faults.push(what));
  return { listed, faults, hasCarriageReturns: bytes.includes(13) };
}

/** Bytes without each carriage return that stands before a line feed. */
function withLineFeeds(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte, i) => !(byte === 13 && bytes[i + 1] === 10));
}

/** The names of the regular files in a folder, all folders in it included. */
function namesIn(root: string, strange: Problem[], leftBehind: string[]): string[] {
  const names: string[] = [];
  const visit = (prefix: string) => {
    const entries = entriesOf(join(root, prefix));
    if (entries.length === 0) {
      strange.push({ file: prefix, what: "an empty folder, which no bundle has" });
    }
    for (const entry of entries) {
      const name = prefix ? `${prefix}/${entry.name}` : entry.name;
      if (isLeftBehind(entry.name)) leftBehind.push(name);
      else if (entry.isSymlink) {
        strange.push({ file: name, what: "a link; a bundle holds its files itself" });
      } else if (!isSafeName(name)) {
        strange.push({ file: name, what: "a name that no file of a bundle has" });
      } else if (entry.isDirectory) visit(name);
      else if (entry.isFile) names.push(name);
      else strange.push({ file: name, what: "neither a file nor a folder" });
    }
  };
  visit("");
  return names.sort();
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    throw explainInputError(error, folder);
  }
}
