/**
 * Reads a bundle's folder: every file with its SHA-256, and everything else in it. `check_bag.ts`
 * checks the result. Links are not followed, and nothing outside the folder is opened.
 */
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { explainInputError } from "../formats/input.ts";
import { sha256, sha256OfOpen } from "../formats/sha256.ts";
import { isSafeName, parseManifest } from "./manifest.ts";
import { isSystemFile } from "./names.ts";
import { type BundleFiles, bundleFiles, openInside, requireFolder, sizeInside } from "./open.ts";
import type { Problem } from "./problem.ts";

/** A manifest as read from disk. */
export interface ReadManifest {
  /** SHA-256 of each file that it lists. */
  listed: ReadonlyMap<string, string>;
  /** Problems of its lines. */
  faults: string[];
  /** Whether it has Windows line endings, which no run writes. */
  hasCarriageReturns: boolean;
}

/** The contents of a folder. */
export interface Inventory {
  path: string;
  /** The regular files with allowed names. */
  files: BundleFiles;
  /** SHA-256 of each of them. */
  digestOf: ReadonlyMap<string, string>;
  /** Size of each of them in bytes. */
  sizeOf: ReadonlyMap<string, number>;
  /** Links, devices, forbidden names, empty folders, and unreadable files. */
  invalid: Problem[];
  /** Files left by file managers and operating systems. */
  systemFiles: string[];
  /** The manifest of the payload, or null. */
  payload: ReadManifest | null;
  /** The manifest of the tag files, or null. */
  tags: ReadManifest | null;
}

/**
 * Takes the inventory of a bundle's folder.
 *
 * @throws UserError if the folder does not exist
 */
export function takeInventory(path: string): Inventory {
  requireFolder(path);
  const invalid: Problem[] = [];
  const systemFiles: string[] = [];
  const digestOf = new Map<string, string>();
  const sizeOf = new Map<string, number>();
  for (const name of namesIn(path, invalid, systemFiles)) {
    try {
      sizeOf.set(name, sizeInside(path, name) ?? 0);
      using file = openInside(path, name);
      digestOf.set(name, sha256OfOpen(file));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      invalid.push({ file: name, what: `it cannot be read: ${error.message}` });
    }
  }
  const files = bundleFiles(path);
  const manifest = (name: string) => digestOf.has(name) ? readManifest(files, name) : null;
  return {
    path,
    files,
    digestOf,
    sizeOf,
    invalid,
    systemFiles,
    payload: manifest("manifest-sha256.txt"),
    tags: manifest("tagmanifest-sha256.txt"),
  };
}

/** A file's SHA-256 with Unix line endings, which git may have changed. */
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

/** Replaces CR LF by LF. */
function withLineFeeds(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte, i) => !(byte === 13 && bytes[i + 1] === 10));
}

/** The names of the regular files in a folder and its subfolders. */
function namesIn(root: string, invalid: Problem[], systemFiles: string[]): string[] {
  const names: string[] = [];
  const visit = (prefix: string) => {
    const entries = entriesOf(join(root, prefix));
    if (entries.length === 0) {
      invalid.push({ file: prefix, what: "an empty folder, which no bundle has" });
    }
    for (const entry of entries) {
      const name = prefix ? `${prefix}/${entry.name}` : entry.name;
      if (isSystemFile(entry.name)) systemFiles.push(name);
      else if (entry.isSymlink) {
        invalid.push({ file: name, what: "a link; bundles contain only regular files" });
      } else if (!isSafeName(name)) {
        invalid.push({ file: name, what: "a name that no file of a bundle has" });
      } else if (entry.isDirectory) visit(name);
      else if (entry.isFile) names.push(name);
      else invalid.push({ file: name, what: "neither a file nor a folder" });
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
