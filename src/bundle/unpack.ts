/**
 * Unpacking a bundle that somebody sent. Nothing in it is trusted: only plain files under harmless
 * names, no more bytes than the archive's own size justifies, each file by the manifests that stand
 * in front. It is unpacked beside its place, verified, then renamed.
 */
import { createHash, type Hash } from "node:crypto";
import { dirname, join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { explainInputError } from "../formats/input.ts";
import { gunzipPieces, isGzip } from "../formats/gzip.ts";
import { type TarEntry, untar } from "../formats/tar.ts";
import { type Claim, claimPlace } from "../files/claim.ts";
import { writeAll } from "../files/create.ts";
import { isSafeName, parseManifest } from "./manifest.ts";
import { bundleFiles, mostBytesOf } from "./open.ts";
import { inFront } from "./pack.ts";
import { problemText, type Verification, type Verify } from "./problem.ts";

/**
 * An archive unpacks to at most so many times its own bytes, beside what a small one may have.
 * Weights and samples hardly shrink, tables and pictures of few colours to a tenth.
 */
const most = { ratio: 50, bytes: 64 << 20, entries: 10_000 };

type Fault = (what: string) => UserError;

/** The file, at its beginning, where it is a regular one that begins as a gzip file does. */
async function openPacked(archive: string): Promise<Deno.FsFile> {
  let file: Deno.FsFile;
  try {
    // Opening a FIFO would wait for somebody who writes.
    if (!Deno.statSync(archive).isFile) throw new UserError(`${archive}: this is no file`);
    file = await Deno.open(archive);
  } catch (error) {
    throw explainInputError(error, archive);
  }
  try {
    const head = new Uint8Array(2);
    await file.read(head);
    if (!isGzip(head)) {
      throw new UserError(`${archive}: this is no .tar.gz, which \`deno task pack\` makes`);
    }
    await file.seek(0, Deno.SeekMode.Start);
    return file;
  } catch (error) {
    file.close();
    throw explainInputError(error, archive);
  }
}

/**
 * Unpacks a bundle and verifies it; nothing appears at its place before that.
 *
 * @param archive the .tar.gz
 * @param into the folder in which the bundle's folder appears
 * @param verify says whether what came out is a whole bundle
 * @param say is told where another process may be unpacking the same
 * @returns the bundle's folder and its verification
 * @throws UserError where the archive is damaged, holds anything but a bundle, or the bundle is
 *   there already
 */
export async function unpackBundle(
  archive: string,
  into: string,
  verify: Verify,
  say?: (text: string) => void,
): Promise<Verification> {
  const fault: Fault = (what) =>
    new UserError(`${archive}: this archive cannot be unpacked: ${what}`);
  const file = await openPacked(archive);
  const bytes = most.bytes + most.ratio * file.statSync().size;
  const stream = file.readable;
  Deno.mkdirSync(into, { recursive: true });
  const pieces = gunzipPieces(stream, archive);
  let target: Target | null = null;
  try {
    for await (const entry of untar(pieces, archive, { bytes, entries: most.entries })) {
      const [folder = "", ...rest] = entry.name.split("/");
      if (!isSafeName(entry.name) || rest.length === 0) {
        throw fault(`the name ${JSON.stringify(entry.name)} is not allowed`);
      }
      target ??= await openTarget(into, folder, fault, say);
      if (target.folder !== folder) throw fault("it holds more than one bundle");
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
    // Where reading stopped early: closes the file. That the rest is not read, or damaged too, is
    // no matter now.
    await pieces.return(undefined).catch(() => {});
    await stream.cancel().catch(() => {});
    target?.claim[Symbol.dispose]();
  }
}

/** Bytes of zeros that may follow an archive's end; tar fills up records of ten kilobytes. */
const longestEnd = 1 << 20;

/** Reads on to the end of the file, so that the checksum of the whole is compared. */
async function requireEnd(pieces: AsyncIterable<Uint8Array>, fault: Fault): Promise<void> {
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > longestEnd || piece.some((byte) => byte !== 0)) {
      throw fault("something follows its end");
    }
  }
}

/** Where a bundle is unpacked. */
interface Target {
  /** The bundle's folder's name. */
  readonly folder: string;
  readonly claim: Claim;
  /** Writes a file of the bundle as it arrives. */
  write(name: string, entry: TarEntry): Promise<void>;
}

async function openTarget(
  into: string,
  folder: string,
  fault: Fault,
  say: ((text: string) => void) | undefined,
): Promise<Target> {
  const claim = await claimPlace(join(into, folder), `unpacking ${folder}`, say);
  const front: string[] = [];
  let listed: ReadonlyMap<string, string> | null = null;
  return {
    folder,
    claim,
    async write(name, { size, content }) {
      // Archives of before have the manifests somewhere in the middle: then they are compared only
      // when all is there.
      if (front.join() === inFront.join()) listed ??= listedIn(claim.staging);
      const expected = listed?.get(name);
      if (listed !== null && expected === undefined) {
        throw fault(`${name} is not in the manifests in front of it`);
      }
      if (size > mostBytesOf(name)) throw fault(`${name} has ${size} bytes, more than such a file`);
      const hash = createHash("sha256");
      await writeArriving(join(claim.staging, name), content, hash, fault);
      if (expected !== undefined && hash.digest("hex") !== expected) {
        throw fault(`${name} is not what the manifests in front of it list`);
      }
      front.push(name);
    },
  };
}

/** What the manifests list that were unpacked first. */
function listedIn(staging: string): ReadonlyMap<string, string> {
  const files = bundleFiles(staging);
  const names = ["tagmanifest-sha256.txt", "manifest-sha256.txt"];
  // What is wrong with a manifest, verifying tells: here it lists nothing then.
  return new Map(names.flatMap((name) => [...parseManifest(files.text(name), () => {})]));
}

/** Writes a new file piece by piece: it is never held whole. */
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
    // On some systems names that differ only in case are the same; a file may also stand where a
    // folder should.
    const isTwice = error instanceof Deno.errors.AlreadyExists ||
      error instanceof Deno.errors.NotADirectory;
    if (!isTwice) throw error;
    throw fault(`the name ${JSON.stringify(path)} occurs twice, or as a file and a folder`);
  }
}
