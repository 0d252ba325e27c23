/**
 * The one place where files inside a bundle are opened. A bundle is a stranger's folder: its names
 * may be links that lead out of it, a FIFO that never ends or a device, and its files may be of any
 * size. What comes out of here is a regular file in a real folder inside the bundle, of a size that
 * its kind may have.
 *
 * {@link bundleFiles} gives the files as they lie; {@link openBundle} only those that the bundle's
 * manifests list, each with the bytes that they list.
 */
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { explainInputError } from "../formats/input.ts";
import { readOpenTensors, type TensorData } from "../formats/safetensors.ts";
import { sha256, sha256OfOpen } from "../formats/sha256.ts";
import { isSafeName, parseManifest } from "./manifest.ts";

/** The files of a bundle by their names in it, `data/spec.yaml`. */
export interface BundleFiles {
  /** The bundle's folder. */
  readonly path: string;
  /** Whether the bundle has such a file. */
  has(name: string): boolean;
  /** The bytes of a file. Throws a UserError where it is missing or none that a bundle has. */
  bytes(name: string): Uint8Array<ArrayBuffer>;
  /** The same as text. */
  text(name: string): string;
  /** The same as the tensors of a safetensors file. */
  tensors(name: string): Promise<Map<string, TensorData>>;
}

/** A bundle whose manifests agree with themselves, with the names and with the sum of the sizes. */
export interface CheckedBundle extends BundleFiles {
  /** SHA-256 of the payload manifest, which stands for the whole. */
  readonly digest: string;
  /** SHA-256 of each file by its name, as the manifests list them. */
  readonly listed: ReadonlyMap<string, string>;
}

/** Bytes of a safetensors file's header: a network has hundreds of tensors, not a million. */
const mostHeader = 8 << 20;

/** Bytes that a file of a kind has at most; the first pattern that fits its name counts. */
const mostBytes: [pattern: RegExp, bytes: number][] = [
  [/^(tag)?manifest-sha256\.txt$/, 32 << 20],
  [/^(bagit|bag-info)\.txt$/, 64 << 10],
  [/\.yaml$/, 1 << 20],
  [/\.safetensors$/, 2 ** 34],
  [/\.(png|svg)$/, 64 << 20],
  [/\.(gif|mp4)$/, 256 << 20],
  // A line a step: five million steps.
  [/^data\/loss\.csv$/, 128 << 20],
  // Logs are as long as a run was.
  [/^(log\.txt|progress\.jsonl|report\.html)$/, 256 << 20],
  [/./, 16 << 20],
];

/** Bytes that a file of this name has at most. */
export function mostBytesOf(name: string): number {
  return mostBytes.find(([pattern]) => pattern.test(name))?.[1] ?? 0;
}

/**
 * What stands at a name inside a folder, without opening anything: links are not followed, so that
 * nothing outside is asked about either.
 *
 * @returns null where nothing does
 * @throws UserError where it is a link, lies behind one, or is neither file nor folder
 */
function look(folder: string, name: string): Deno.FileInfo | null {
  const at = join(folder, name);
  if (!isSafeName(name)) {
    throw new UserError(`${folder}: ${JSON.stringify(name)} is no name of a bundle's file`);
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
    if (info.isSymlink) throw new UserError(`${at}: a link; a bundle holds its files itself`);
    if (depth < parts.length && !info.isDirectory) return null;
  }
  if (info !== null && !info.isFile) {
    throw new UserError(`${at}: ${info.isDirectory ? "a folder" : "neither file nor folder"}`);
  }
  return info;
}

/** The size of a file inside a folder in bytes; null where there is none. */
export function sizeInside(folder: string, name: string): number | null {
  return look(folder, name)?.size ?? null;
}

/**
 * Opens a file inside a folder for reading: see the head of this file for what that takes. Looking
 * comes before opening, since opening a FIFO waits for its writer.
 *
 * @throws UserError where it is missing, too long for its kind, or no regular file inside
 */
export function openInside(folder: string, name: string): Deno.FsFile {
  const at = join(folder, name);
  const looked = look(folder, name);
  if (looked === null) throw new UserError(`${at}: missing`);
  const most = mostBytesOf(name);
  if (looked.size > most) {
    throw new UserError(`${at}: ${looked.size} bytes, and no such file has more than ${most}`);
  }
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(at);
  } catch (error) {
    throw explainInputError(error, at);
  }
  const opened = file.statSync();
  // Windows tells no numbers (null) of what was looked at.
  if (opened.isFile && opened.dev === looked.dev && opened.ino === looked.ino) return file;
  file.close();
  throw new UserError(`${at}: it was exchanged while it was opened`);
}

/** The bytes of an open file, which may not grow while it is read. */
function readWhole(file: Deno.FsFile, at: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(file.statSync().size);
  for (let done = 0; done < bytes.length;) {
    const count = file.readSync(bytes.subarray(done));
    if (count === null) throw new UserError(`${at}: it became shorter while it was read`);
    done += count;
  }
  return bytes;
}

/** The files of a bundle as they lie: of one that is being written, or that is to be judged. */
export function bundleFiles(path: string): BundleFiles {
  const bytes = (name: string) => {
    using file = openInside(path, name);
    return readWhole(file, join(path, name));
  };
  return {
    path,
    has: (name) => look(path, name) !== null,
    bytes,
    text: (name) => new TextDecoder().decode(bytes(name)),
    async tensors(name) {
      using file = openInside(path, name);
      return await readOpenTensors(file, join(path, name), mostHeader);
    },
  };
}

/**
 * Opens a bundle for those who build on it. Its manifests are read at once, every name that they
 * list must be a file, and the payload's size must be what bag-info.txt says; the bytes of a file
 * are compared with its SHA-256 when it is read, so that nobody sees others. That costs little
 * where little is read. `verifyBundle` compares everything.
 *
 * @throws UserError where the folder is no bundle, or not a whole one
 */
export function openBundle(path: string): CheckedBundle {
  const files = bundleFiles(path);
  const { listed, digest } = readManifests(files);
  const check = (name: string, found: string) => {
    if (found !== listed.get(name)) throw notWhole(path, name, "its bytes changed");
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
      return await readOpenTensors(file, join(path, name), mostHeader);
    },
  };
}

function notWhole(path: string, name: string, what: string): UserError {
  return new UserError(
    `${path}: no bundle, or not a whole one (${name}: ${what}); \`deno task verify\` tells all`,
  );
}

/** The manifests of a bundle, once they agree with themselves and with what lies there. */
function readManifests(files: BundleFiles): { listed: Map<string, string>; digest: string } {
  const { path } = files;
  requireFolder(path);
  const parsed = (name: string) => {
    if (!files.has(name)) throw notWhole(path, name, "missing");
    const bytes = files.bytes(name);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    const names = parseManifest(text, (what) => {
      throw notWhole(path, name, what);
    });
    return { names, digest: sha256(bytes) };
  };
  const tags = parsed("tagmanifest-sha256.txt");
  const payload = parsed("manifest-sha256.txt");
  if (tags.names.get("manifest-sha256.txt") !== payload.digest) {
    throw notWhole(path, "manifest-sha256.txt", "its bytes changed");
  }
  let bytes = 0;
  for (const [names, isPayload] of [[tags.names, false], [payload.names, true]] as const) {
    for (const name of names.keys()) {
      if (name.startsWith("data/") !== isPayload) {
        throw notWhole(path, name, "it is listed in the wrong manifest");
      }
      const size = sizeInside(path, name);
      if (size === null) throw notWhole(path, name, "missing");
      if (isPayload) bytes += size;
    }
  }
  const listed = new Map([...tags.names, ...payload.names]);
  requireSizes(files, listed, `${bytes}.${payload.names.size}`);
  return { listed, digest: payload.digest };
}

/** Checks the sum of the payload's sizes, by which a file that was cut off is found at once. */
function requireSizes(files: BundleFiles, listed: ReadonlyMap<string, string>, oxum: string) {
  const name = "bag-info.txt";
  const bytes = listed.has(name) ? files.bytes(name) : null;
  if (bytes === null) throw notWhole(files.path, name, "missing");
  if (sha256(bytes) !== listed.get(name)) throw notWhole(files.path, name, "its bytes changed");
  const told = new TextDecoder().decode(bytes).match(/^Payload-Oxum: (.*)$/m)?.[1];
  if (told === oxum) return;
  throw notWhole(files.path, "data", `${oxum} bytes and files, and ${name} says ${told}`);
}

/** Refuses what is no folder. A link to one is what the person named, and good. */
export function requireFolder(path: string): void {
  try {
    if (Deno.statSync(path).isDirectory) return;
  } catch (error) {
    throw explainInputError(error, path);
  }
  throw new UserError(`${path}: a file, where a bundle's folder is expected`);
}
