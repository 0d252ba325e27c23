/**
 * Opens the files of a bundle; no other module does. A bundle is untrusted: a name may be a link
 * that leads outside, a FIFO that never ends, or a device, and files may have any size. This module
 * opens only regular files, in real folders inside the bundle, up to the maximum size of each kind.
 *
 * {@link bundleFiles} gives access to any file; {@link openBundle} only to those in the bundle's
 * manifests, and checks their bytes.
 */
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { explainInputError } from "../formats/input.ts";
import { readOpenTensors, type TensorData } from "../formats/safetensors.ts";
import { sha256, sha256OfOpen } from "../formats/sha256.ts";
import { isSafeName, parseManifest } from "./manifest.ts";

/** The files of a bundle, by names such as `data/spec.yaml`. */
export interface BundleFiles {
  /** The bundle's folder. */
  readonly path: string;
  /** Whether the bundle has this file. */
  has(name: string): boolean;
  /** The bytes of a file. Throws a UserError if it is missing or not a file of a bundle. */
  bytes(name: string): Uint8Array<ArrayBuffer>;
  /** The text of a file. */
  text(name: string): string;
  /** The tensors of a safetensors file. */
  tensors(name: string): Promise<Map<string, TensorData>>;
}

/** A bundle whose manifests are consistent, and match the files' names and total size. */
export interface CheckedBundle extends BundleFiles {
  /** SHA-256 of the payload manifest, which identifies the payload. */
  readonly digest: string;
  /** SHA-256 of each file by name, from the manifests. */
  readonly listed: ReadonlyMap<string, string>;
}

/** Maximum size of a safetensors header: a network has hundreds of tensors, not a million. */
const maxHeaderBytes = 8 << 20;

/** Maximum file sizes in bytes, by the first matching pattern. */
const maxBytes: [pattern: RegExp, bytes: number][] = [
  [/^(tag)?manifest-sha256\.txt$/, 32 << 20],
  [/^(bagit|bag-info)\.txt$/, 64 << 10],
  [/\.yaml$/, 1 << 20],
  [/\.safetensors$/, 2 ** 34],
  [/\.(png|svg)$/, 64 << 20],
  [/\.(gif|mp4)$/, 256 << 20],
  // One line per step: five million steps.
  [/^data\/loss\.csv$/, 128 << 20],
  // These grow with the run.
  [/^(log\.txt|progress\.jsonl|report\.html)$/, 256 << 20],
  [/./, 16 << 20],
];

/** Maximum size in bytes of a file with this name. */
export function maxBytesOf(name: string): number {
  return maxBytes.find(([pattern]) => pattern.test(name))?.[1] ?? 0;
}

/**
 * Information about a file inside a folder. Opens nothing and follows no links, so that nothing
 * outside is touched.
 *
 * @returns null if it does not exist
 * @throws UserError if the path has a link in it, or is not a regular file
 */
function statInside(folder: string, name: string): Deno.FileInfo | null {
  const at = join(folder, name);
  if (!isSafeName(name)) {
    throw new UserError(`${folder}: no file of a bundle has the name ${JSON.stringify(name)}`);
  }
  const parts = name.split("/");
  let info: Deno.FileInfo | null = null;
  for (let depth = 1; depth <= parts.length; depth++) {
    try {
      info = Deno.lstatSync(join(folder, ...parts.slice(0, depth)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return null;
      }
      throw explainInputError(error, at);
    }
    if (info.isSymlink) throw new UserError(`${at}: a link; bundles contain only regular files`);
    if (depth < parts.length && !info.isDirectory) return null;
  }
  if (info !== null && !info.isFile) {
    throw new UserError(`${at}: ${info.isDirectory ? "a folder" : "neither file nor folder"}`);
  }
  return info;
}

/** The size in bytes of a file inside a folder; null if it does not exist. */
export function sizeInside(folder: string, name: string): number | null {
  return statInside(folder, name)?.size ?? null;
}

/**
 * Opens a file inside a folder for reading, under the conditions at the top of this module. The
 * file is checked before it is opened, because opening a FIFO waits for its writer.
 *
 * @throws UserError if it is missing, too large for its kind, or not a regular file in the folder
 */
export function openInside(folder: string, name: string): Deno.FsFile {
  const at = join(folder, name);
  const checked = statInside(folder, name);
  if (checked === null) throw new UserError(`${at}: missing`);
  const max = maxBytesOf(name);
  if (checked.size > max) {
    throw new UserError(`${at}: ${checked.size} bytes, but such a file has at most ${max}`);
  }
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(at);
  } catch (error) {
    throw explainInputError(error, at);
  }
  const opened = file.statSync();
  // Both numbers are null on Windows.
  if (opened.isFile && opened.dev === checked.dev && opened.ino === checked.ino) return file;
  file.close();
  throw new UserError(`${at}: it was replaced while it was being opened`);
}

/** Reads an open file, up to the size that it had at first. */
function readWhole(file: Deno.FsFile, at: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(file.statSync().size);
  for (let done = 0; done < bytes.length;) {
    const count = file.readSync(bytes.subarray(done));
    if (count === null) throw new UserError(`${at}: it became shorter while it was being read`);
    done += count;
  }
  return bytes;
}

/** The files of a bundle without checks: for a bundle that is being written or verified. */
export function bundleFiles(path: string): BundleFiles {
  const bytes = (name: string) => {
    using file = openInside(path, name);
    return readWhole(file, join(path, name));
  };
  return {
    path,
    has: (name) => statInside(path, name) !== null,
    bytes,
    text: (name) => new TextDecoder().decode(bytes(name)),
    async tensors(name) {
      using file = openInside(path, name);
      return await readOpenTensors(file, join(path, name), maxHeaderBytes);
    },
  };
}

/**
 * Opens a bundle for reading. Reads its manifests, and checks that every listed file exists and
 * that the payload has the size in bag-info.txt. The bytes of a file are compared with its SHA-256
 * when they are read, so reading little costs little. `verifyBundle` checks everything.
 *
 * @throws UserError if the folder is not a bundle, or not intact
 */
export function openBundle(path: string): CheckedBundle {
  const files = bundleFiles(path);
  const { listed, digest } = readManifests(files);
  const check = (name: string, found: string) => {
    if (found !== listed.get(name)) throw notIntact(path, name, "its bytes have changed");
  };
  const bytes = (name: string) => {
    requireListed(name);
    const read = files.bytes(name);
    check(name, sha256(read));
    return read;
  };
  const requireListed = (name: string) => {
    if (!listed.has(name)) throw new UserError(`${join(path, name)}: missing`);
  };
  return {
    path,
    digest,
    listed,
    has: (name) => listed.has(name),
    bytes,
    text: (name) => new TextDecoder().decode(bytes(name)),
    async tensors(name) {
      requireListed(name);
      using file = openInside(path, name);
      check(name, sha256OfOpen(file));
      return await readOpenTensors(file, join(path, name), maxHeaderBytes);
    },
  };
}

function notIntact(path: string, name: string, what: string): UserError {
  return new UserError(
    `${path}: not an intact bundle (${name}: ${what}); \`deno task verify\` lists all problems`,
  );
}

/** Reads the manifests of a bundle, and checks them against each other and the files. */
function readManifests(files: BundleFiles): { listed: Map<string, string>; digest: string } {
  const { path } = files;
  requireFolder(path);
  const parsed = (name: string) => {
    if (!files.has(name)) throw notIntact(path, name, "missing");
    const bytes = files.bytes(name);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    const names = parseManifest(text, (what) => {
      throw notIntact(path, name, what);
    });
    return { names, digest: sha256(bytes) };
  };
  const tags = parsed("tagmanifest-sha256.txt");
  const payload = parsed("manifest-sha256.txt");
  if (tags.names.get("manifest-sha256.txt") !== payload.digest) {
    throw notIntact(path, "manifest-sha256.txt", "its bytes have changed");
  }
  let bytes = 0;
  for (const [names, isPayload] of [[tags.names, false], [payload.names, true]] as const) {
    for (const name of names.keys()) {
      if (name.startsWith("data/") !== isPayload) {
        throw notIntact(path, name, "it is listed in the wrong manifest");
      }
      const size = sizeInside(path, name);
      if (size === null) throw notIntact(path, name, "missing");
      if (isPayload) bytes += size;
    }
  }
  const listed = new Map([...tags.names, ...payload.names]);
  requireSizes(files, listed, `${bytes}.${payload.names.size}`);
  return { listed, digest: payload.digest };
}

/** Checks the payload's total size, which reveals truncated files without reading them. */
function requireSizes(files: BundleFiles, listed: ReadonlyMap<string, string>, oxum: string) {
  const name = "bag-info.txt";
  const bytes = listed.has(name) ? files.bytes(name) : null;
  if (bytes === null) throw notIntact(files.path, name, "missing");
  if (sha256(bytes) !== listed.get(name)) {
    throw notIntact(files.path, name, "its bytes have changed");
  }
  const stated = new TextDecoder().decode(bytes).match(/^Payload-Oxum: (.*)$/m)?.[1];
  if (stated === oxum) return;
  throw notIntact(files.path, "data", `${oxum} bytes and files, but ${name} says ${stated}`);
}

/** Throws unless the path is a folder, or a link to one: the person named it. */
export function requireFolder(path: string): void {
  try {
    if (Deno.statSync(path).isDirectory) return;
  } catch (error) {
    throw explainInputError(error, path);
  }
  throw new UserError(`${path}: this is a file; name the bundle's folder`);
}
