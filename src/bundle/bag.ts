/**
 * Writes bundles. A bundle is a BagIt bag (RFC 8493, https://www.rfc-editor.org/rfc/rfc8493). It is
 * built next to its final path and renamed when complete. Files that a repeated run must reproduce
 * are under data/ (the payload); files that may differ are outside (tag files).
 */
import { basename, dirname, join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { sha256 } from "../formats/sha256.ts";
import { createStaging, exists, removeLeftovers, syncFolder, writeNew } from "../files/create.ts";
import { isSafeName, manifestText } from "./manifest.ts";

/** A finished bundle on disk. */
export interface Bundle {
  /** Its folder. */
  path: string;
  /** SHA-256 of the payload manifest in hexadecimal; it identifies the payload. */
  digest: string;
}

/**
 * A bundle that is being written. File names are relative and consist of letters, digits and `._-`,
 * with `/` between folders. Disposing it removes an unfinished bundle.
 */
export interface BundleWriter extends Disposable {
  /** The folder in which the bundle is built, for reading files back. */
  readonly staging: string;
  /** Writes data/NAME: a file that a repeated run must reproduce. */
  payload(name: string, bytes: Uint8Array | string): void;
  /** Writes a file outside data/, which may differ from run to run. */
  tag(name: string, bytes: Uint8Array | string): void;
  /** The digest that the bundle would have if it were finished now, for use in tag files. */
  digest(): string;
  /** Name and SHA-256 of each payload file so far, ordered by name; names begin with data/. */
  payloadDigests(): { name: string; sha256: string }[];
  /** Writes the manifests, flushes everything to disk, and renames the folder to its final path. */
  finish(): Bundle;
}

/** The text of bagit.txt. */
export const declaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
const reserved = new Set([
  "bagit.txt",
  "bag-info.txt",
  "manifest-sha256.txt",
  "tagmanifest-sha256.txt",
  "fetch.txt",
]);

/**
 * Starts a bundle. Removes what a killed process left of the same bundle, so the caller must hold
 * the run's lock.
 *
 * @param path the folder of the finished bundle; it must not exist
 * @throws UserError if something exists there already
 */
export function createBundle(path: string): BundleWriter {
  requireAbsent(path);
  Deno.mkdirSync(dirname(path), { recursive: true });
  removeLeftovers(path);
  const root = createStaging(path);
  const data = join(root, "data");
  Deno.mkdirSync(data);
  const bag: Bag = {
    root,
    folders: new Set([root, data]),
    payload: new Map(),
    tags: new Map(),
    payloadBytes: 0,
  };
  return {
    staging: root,
    payload(name, bytes) {
      bag.payloadBytes += addFile(bag, `data/${name}`, bytes, bag.payload);
    },
    tag(name, bytes) {
      if (reserved.has(name) || name.startsWith("data/")) {
        throw new Error(`${name} is reserved for the bag`);
      }
      addFile(bag, name, bytes, bag.tags);
    },
    digest: () => sha256(manifestText(bag.payload)),
    payloadDigests: () =>
      [...bag.payload].sort(([a], [b]) => a < b ? -1 : 1)
        .map(([name, sha256]) => ({ name, sha256 })),
    finish: () => finishBag(bag, path),
    [Symbol.dispose]() {
      if (exists(root)) Deno.removeSync(root, { recursive: true });
    },
  };
}

/** A bag in its staging folder, with the SHA-256 of each file by name. */
interface Bag {
  root: string;
  folders: Set<string>;
  payload: Map<string, string>;
  tags: Map<string, string>;
  payloadBytes: number;
}

function requireAbsent(path: string): void {
  if (!exists(path)) return;
  throw new UserError(`${path}: this bundle already exists; finished bundles are not overwritten`);
}

/** Writes a file into the bag, and returns its size. */
function addFile(
  { root, folders, payload, tags }: Bag,
  name: string,
  content: Uint8Array | string,
  into: Map<string, string>,
): number {
  if (!isSafeName(name)) {
    throw new Error(`a bundle cannot hold a file with the name ${JSON.stringify(name)}`);
  }
  const taken = [...payload.keys(), ...tags.keys()].find((other) =>
    other.toLowerCase() === name.toLowerCase()
  );
  if (taken) throw new Error(`the bundle already holds ${taken}`);

  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const file = join(root, name);
  for (let folder = dirname(file); !folders.has(folder); folder = dirname(folder)) {
    folders.add(folder);
  }
  Deno.mkdirSync(dirname(file), { recursive: true });
  writeNew(file, bytes);
  into.set(name, sha256(bytes));
  return bytes.length;
}

/** Completes the bag with its own files, and moves it to its final path. */
function finishBag(bag: Bag, path: string): Bundle {
  const { root, folders, payload, tags, payloadBytes } = bag;
  const manifest = manifestText(payload);
  const digest = sha256(manifest);
  const info = bagInfo({
    date: new Date().toISOString().slice(0, 10),
    name: basename(path),
    digest,
    bytes: payloadBytes,
    count: payload.size,
  });
  addFile(bag, "bagit.txt", declaration, tags);
  addFile(bag, "bag-info.txt", info, tags);
  addFile(bag, "manifest-sha256.txt", manifest, tags);
  const tagManifest = new TextEncoder().encode(manifestText(tags));
  writeNew(join(root, "tagmanifest-sha256.txt"), tagManifest);

  for (const folder of folders) syncFolder(folder);
  requireAbsent(path);
  Deno.renameSync(root, path);
  syncFolder(dirname(path));
  return { path, digest };
}

/** The content of bag-info.txt. */
export interface BagInfo {
  /** The day, YYYY-MM-DD. */
  date: string;
  /** The folder's name when the bundle was written, which its report shows. */
  name: string;
  /** The bundle's digest. */
  digest: string;
  /** Total size of the payload files. */
  bytes: number;
  /** Number of payload files. */
  count: number;
}

/** The text of bag-info.txt. */
export function bagInfo({ date, name, digest, bytes, count }: BagInfo): string {
  const lines = [
    `Bag-Software-Agent: alias-free-diffusion`,
    `Bagging-Date: ${date}`,
    `Internal-Sender-Identifier: ${name}`,
    `External-Identifier: sha256:${digest}`,
    `Payload-Oxum: ${bytes}.${count}`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** The values of bag-info.txt that do not follow from the payload; null if one is missing. */
export function parseBagInfo(text: string): Pick<BagInfo, "date" | "name"> | null {
  const [, date] = text.match(/^Bagging-Date: (\d{4}-\d{2}-\d{2})$/m) ?? [];
  const [, name] = text.match(/^Internal-Sender-Identifier: (.{1,200})$/m) ?? [];
  return date === undefined || name === undefined ? null : { date, name };
}

/** The name of a bundle's folder: the name of the spec's file and 12 digits of the run digest. */
export function bundleName(specPath: string, runDigest: string): string {
  // Words are joined by single hyphens, with none at the ends.
  const words = basename(specPath).replace(/\.[^.]*$/, "").replace(/[^A-Za-z0-9._]+/g, "-").replace(
    /^[.-]+/,
    "",
  );
  const stem = words.slice(0, 100).replace(/[.-]+$/, "");
  return `${stem || "run"}-${runDigest.slice(0, 12)}`;
}
