/**
 * Unpacks a bundle, which is not trusted: only regular files with allowed names, no more bytes than
 * the archive's size justifies, and each file checked against the manifests at the start. The
 * bundle is unpacked next to its final path, verified, and renamed.
 */
import { createHash, type Hash } from "node:crypto";
import { dirname, join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { explainInputError } from "../formats/input.ts";
import { gunzipPieces, isGzip } from "../formats/gzip.ts";
import { type TarEntry, untar } from "../formats/tar.ts";
import { type Claim, claimFolder } from "../files/claim.ts";
import { writeAll } from "../files/create.ts";
import { isSafeName, parseManifest } from "./manifest.ts";
import { bundleFiles, maxBytesOf } from "./open.ts";
import { leadingFiles } from "./pack.ts";
import { problemText, type Verification, type Verify } from "./problem.ts";

/**
 * An archive may unpack to `ratio` times its size plus `bytes`. Weights and samples hardly
 * compress; tables and pictures with few colours compress to a tenth.
 */
const limits = { ratio: 50, bytes: 64 << 20, entries: 10_000 };

type Fault = (what: string) => UserError;

/** Opens a regular file that starts as a gzip file does. */
async function openPacked(archive: string): Promise<Deno.FsFile> {
  let file: Deno.FsFile;
  try {
    // Opening a FIFO would wait for its writer.
    if (!Deno.statSync(archive).isFile) throw new UserError(`${archive}: this is not a file`);
    file = await Deno.open(archive);
  } catch (error) {
    throw explainInputError(error, archive);
  }
  try {
    const head = new Uint8Array(2);
    await file.read(head);
    if (!isGzip(head)) {
      throw new UserError(`${archive}: this is not a .tar.gz file made by \`deno task pack\``);
    }
    await file.seek(0, Deno.SeekMode.Start);
    return file;
  } catch (error) {
    file.close();
    throw explainInputError(error, archive);
  }
}

/**
 * Unpacks a bundle and verifies it. Nothing appears at its final path before that.
 *
 * @param archive the .tar.gz file
 * @param into the folder that the bundle's folder is created in
 * @param verify verifies the unpacked bundle
 * @param onMessage receives a message if another process may be unpacking the same bundle
 * @returns the verification, with the bundle's folder
 * @throws UserError if the archive is damaged or holds anything but a bundle, or if the bundle
 *   already exists
 */
export async function unpackBundle(
  archive: string,
  into: string,
  verify: Verify,
  onMessage?: (text: string) => void,
): Promise<Verification> {
  const fault: Fault = (what) =>
    new UserError(`${archive}: this archive cannot be unpacked: ${what}`);
  const file = await openPacked(archive);
  const bytes = limits.bytes + limits.ratio * file.statSync().size;
  const stream = file.readable;
  Deno.mkdirSync(into, { recursive: true });
  const pieces = gunzipPieces(stream, archive);
  let target: Target | null = null;
  try {
    for await (const entry of untar(pieces, archive, { bytes, entries: limits.entries })) {
      const [folder = "", ...rest] = entry.name.split("/");
      if (!isSafeName(entry.name) || rest.length === 0) {
        throw fault(`the name ${JSON.stringify(entry.name)} is not allowed`);
      }
      target ??= await openTarget(into, folder, fault, onMessage);
      if (target.folder !== folder) throw fault("it contains more than one bundle");
      await target.write(rest.join("/"), entry);
    }
    await requireEnd(pieces, fault);
    if (target === null) throw fault("it is empty");
    const verification = await verify(target.claim.staging);
    if (!verification.ok) {
      throw fault(`the bundle in it does not verify\n${problemText(verification)}`);
    }
    target.claim.finish();
    return { ...verification, path: join(into, target.folder) };
  } finally {
    // If reading stopped early, this closes the file. Errors in the unread rest do not matter.
    await pieces.return(undefined).catch(() => {});
    await stream.cancel().catch(() => {});
    target?.claim[Symbol.dispose]();
  }
}

/** Maximum number of zero bytes after an archive's end; tar pads to records of ten kilobytes. */
const maxPadding = 1 << 20;

/** Reads to the end of the file, so that gzip's checksum is compared. */
async function requireEnd(pieces: AsyncIterable<Uint8Array>, fault: Fault): Promise<void> {
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > maxPadding || piece.some((byte) => byte !== 0)) {
      throw fault("there is data after its end");
    }
  }
}

/** A bundle that is being unpacked. */
interface Target {
  /** The name of the bundle's folder. */
  readonly folder: string;
  readonly claim: Claim;
  /** Writes a file of the bundle as it arrives. */
  write(name: string, entry: TarEntry): Promise<void>;
}

async function openTarget(
  into: string,
  folder: string,
  fault: Fault,
  onMessage: ((text: string) => void) | undefined,
): Promise<Target> {
  const claim = await claimFolder(join(into, folder), `unpacking ${folder}`, onMessage);
  const written: string[] = [];
  let listed: ReadonlyMap<string, string> | null = null;
  return {
    folder,
    claim,
    async write(name, { size, content }) {
      // Older archives have their manifests in the middle. They are checked after unpacking.
      if (written.join() === leadingFiles.join()) listed ??= listedIn(claim.staging);
      const expected = listed?.get(name);
      if (listed !== null && expected === undefined) {
        throw fault(`${name} is not in the archive's manifests`);
      }
      const max = maxBytesOf(name);
      if (size > max) throw fault(`${name} has ${size} bytes; such a file has at most ${max}`);
      const hash = createHash("sha256");
      await writeArriving(join(claim.staging, name), content, hash, fault);
      if (expected !== undefined && hash.digest("hex") !== expected) {
        throw fault(`${name} does not match the archive's manifests`);
      }
      written.push(name);
    },
  };
}

/** The digests in the manifests that were unpacked first. */
function listedIn(staging: string): ReadonlyMap<string, string> {
  const files = bundleFiles(staging);
  const names = ["tagmanifest-sha256.txt", "manifest-sha256.txt"];
  // Invalid lines are ignored here; verification reports them.
  return new Map(names.flatMap((name) => [...parseManifest(files.text(name), () => {})]));
}

/** Writes a new file piece by piece, so that it is never in memory as a whole. */
async function writeArriving(
  path: string,
  content: AsyncIterable<Uint8Array>,
  hash: Hash,
  fault: Fault,
): Promise<void> {
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    using file = Deno.openSync(path, { write: true, createNew: true });
    for await (const piece of content) {
      hash.update(piece);
      writeAll(file, piece);
    }
    file.syncSync();
  } catch (error) {
    // Some systems ignore case in names; or a file has the name of a folder.
    const isTwice = error instanceof Deno.errors.AlreadyExists ||
      error instanceof Deno.errors.NotADirectory;
    if (!isTwice) throw error;
    throw fault(`the name ${JSON.stringify(path)} occurs twice, or as a file and a folder`);
  }
}
