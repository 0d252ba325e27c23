/**
 * Verifying a bundle: every byte against the bag's manifests, then (meaning.ts) what the bytes say
 * against each other. Needs no engine and only the permission to read; nothing outside the folder
 * is opened, links are never followed.
 */
import { join } from "@std/path";
import { explainInputError } from "../formats/input.ts";
import { sha256OfOpen } from "../formats/sha256.ts";
import { isSafeName, parseManifest } from "./manifest.ts";
import { checkMeaning } from "./meaning.ts";
import { bundleFiles, openInside, requireFolder } from "./open.ts";

/** Something about a bundle that is not as it must be. */
export interface Problem {
  /** The file's name in the bundle, or "" for the bundle as a whole. */
  file: string;
  /** What is wrong with it, in words. */
  what: string;
}

/** What verifying a bundle found. */
export interface Verification {
  /** The bundle's folder. */
  path: string;
  /** True where there are no problems. */
  ok: boolean;
  /**
   * SHA-256 of the payload manifest, which stands for the whole; null where there is no manifest.
   */
  digest: string | null;
  /** Files whose bytes were read. */
  files: number;
  /** How many bytes those were. */
  bytes: number;
  /** What is not as it must be; empty where all is well. */
  problems: Problem[];
}

/** A manifest of more bytes is refused: no run writes a hundred thousand files. */
const longestManifest = 32 << 20;
const declaration = /^BagIt-Version: 1\.0\nTag-File-Character-Encoding: UTF-8\n$/;

/**
 * Every file under a folder, as names relative to it; what is neither file nor folder is told as a
 * problem.
 */
function listFiles(root: string, problems: Problem[]): Map<string, number> {
  const files = new Map<string, number>();
  const visit = (prefix: string) => {
    const entries = [...Deno.readDirSync(join(root, prefix))];
    if (entries.length === 0) {
      problems.push({ file: prefix, what: "an empty folder, which no bundle has" });
    }
    for (const entry of entries) {
      const name = prefix ? `${prefix}/${entry.name}` : entry.name;
      if (entry.isSymlink) {
        problems.push({ file: name, what: "a link; a bundle holds its files itself" });
      } else if (!isSafeName(name)) {
        problems.push({ file: name, what: "a name that no file of a bundle has" });
      } else if (entry.isDirectory) visit(name);
      else if (entry.isFile) files.set(name, Deno.lstatSync(join(root, name)).size);
      else problems.push({ file: name, what: "neither a file nor a folder" });
    }
  };
  visit("");
  return files;
}

/**
 * Verifies a bundle: every file against the manifests, missing and extra files, names that climb
 * out, links; then the spec's digest, the shapes of the weights against the network that the spec
 * compiles to, and the scores against the samples' digest. Runs without an engine.
 *
 * @param path the bundle's folder
 * @throws UserError where there is no such folder
 */
export async function verifyBundle(path: string): Promise<Verification> {
  const { digestOf, ...found } = readBag(path);
  // What was tampered with is not worth being understood.
  if (found.ok) await checkMeaning(path, digestOf, found.problems);
  return { ...found, ok: found.problems.length === 0 };
}

/**
 * Checks that a bag is whole: its files are those of its manifests, byte by byte. Throws where it
 * is no folder.
 */
export function verifyBag(path: string): Verification {
  const { digestOf: _, ...found } = readBag(path);
  return found;
}

function readBag(path: string): Verification & { digestOf: ReadonlyMap<string, string> } {
  const problems: Problem[] = [];
  let files: Map<string, number>;
  try {
    requireFolder(path);
    files = listFiles(path, problems);
  } catch (error) {
    throw explainInputError(error, path);
  }
  const read = new Map<string, string>();
  let bytes = 0;
  for (const [name, size] of files) {
    try {
      using file = openInside(path, name);
      read.set(name, sha256OfOpen(file));
      bytes += size;
    } catch (error) {
      problems.push({ file: name, what: `it cannot be read: ${(error as Error).message}` });
    }
  }

  const manifest = (name: string): Map<string, string> | null => {
    if (!files.has(name)) {
      problems.push({ file: name, what: "missing" });
      return null;
    }
    const fault = (what: string) => problems.push({ file: name, what });
    if (files.get(name)! > longestManifest) {
      fault("too long");
      return null;
    }
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      bundleFiles(path).bytes(name),
    );
    return parseManifest(text, fault);
  };
  const payload = manifest("manifest-sha256.txt");
  const tags = manifest("tagmanifest-sha256.txt");
  const compare = (
    listed: Map<string, string>,
    inPart: (name: string) => boolean,
    where: string,
  ) => {
    for (const [name, digest] of listed) {
      if (!inPart(name)) {
        problems.push({ file: name, what: `${where} lists it, where it does not belong` });
      } else if (!files.has(name)) problems.push({ file: name, what: "missing" });
      else if (read.has(name) && read.get(name) !== digest) {
        problems.push({ file: name, what: "its bytes changed" });
      }
    }
    for (const name of files.keys()) {
      if (inPart(name) && !listed.has(name)) {
        problems.push({ file: name, what: `not in ${where}: it was added` });
      }
    }
  };
  const isPayload = (name: string) => name.startsWith("data/");
  if (payload) compare(payload, isPayload, "manifest-sha256.txt");
  if (tags) {
    compare(
      tags,
      (name) => !isPayload(name) && name !== "tagmanifest-sha256.txt",
      "tagmanifest-sha256.txt",
    );
  }
  for (const name of ["bagit.txt", "bag-info.txt", "manifest-sha256.txt"]) {
    if (tags && !tags.has(name)) {
      problems.push({ file: name, what: "missing from tagmanifest-sha256.txt" });
    }
  }
  if (files.has("bagit.txt") && files.get("bagit.txt")! < 1000) {
    if (!declaration.test(bundleFiles(path).text("bagit.txt"))) {
      problems.push({ file: "bagit.txt", what: "it does not declare a BagIt 1.0 bag in UTF-8" });
    }
  }
  const digest = read.get("manifest-sha256.txt") ?? null;
  return {
    path,
    ok: problems.length === 0,
    digest,
    files: read.size,
    bytes,
    problems,
    digestOf: read,
  };
}
