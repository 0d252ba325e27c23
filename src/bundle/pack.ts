/**
 * Bundles as one file to send: a gzipped POSIX tar (ustar, IEEE Std 1003.1), the same bytes for the
 * same bundle. The manifests stand in front, so that whoever unpacks knows what may follow.
 */
import { basename, dirname, join } from "@std/path";
import { Gzip } from "fflate";
import { UserError } from "../messages/errors.ts";
import { createTemporary, syncFolder, type Temporary, writeAll } from "../files/create.ts";
import { explainFolder } from "../files/results.ts";
import { isSafeName } from "./manifest.ts";
import { openInside } from "./open.ts";
import { problemText, type Verification, type Verify } from "./problem.ts";

const blockSize = 512;
const encoder = new TextEncoder();

function header(name: string, size: number): Uint8Array {
  // A name of more than 100 bytes is split at a slash between two fields.
  let cut = -1;
  if (name.length > 100) {
    cut = name.indexOf("/", name.length - 101);
    if (cut < 1 || cut > 155) {
      throw new UserError(`${name}: this name is too long for an archive; shorten the folder's`);
    }
  }
  if (size >= 8 ** 11) throw new UserError(`${name}: 8 GiB and more do not fit into an archive`);
  const bytes = new Uint8Array(blockSize);
  const put = (at: number, text: string) => bytes.set(encoder.encode(text), at);
  put(0, name.slice(cut + 1));
  put(100, "0000644\0" + "0000000\0" + "0000000\0"); // mode, owner, group
  put(124, size.toString(8).padStart(11, "0") + "\0");
  put(136, "00000000000\0"); // No time of change: it would differ from one packing to the next.
  put(148, "        0ustar\x0000"); // The checksum counts as spaces; then the type: a plain file.
  if (cut > 0) put(345, name.slice(0, cut));
  put(148, bytes.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0") + "\0 ");
  return bytes;
}

/** What an archive begins with: by it everything else is judged while it arrives. */
export const inFront = [
  "bagit.txt",
  "tagmanifest-sha256.txt",
  "manifest-sha256.txt",
  "bag-info.txt",
] as const;

/** A bundle's files in the order in which they are packed: what stands in front, then by name. */
function packedOrder(bundle: string): string[] {
  const others = filesIn(bundle).filter((name) => !inFront.some((first) => first === name));
  return [...inFront, ...others];
}

/**
 * All files under a folder, ordered by name; links and others were refused by the verification
 * before.
 */
function filesIn(root: string, prefix = ""): string[] {
  return [...Deno.readDirSync(join(root, prefix))]
    .flatMap(({ name, isDirectory }) =>
      isDirectory ? filesIn(root, `${prefix}${name}/`) : [prefix + name]
    )
    .sort();
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // What else is wrong with the path, writing tells.
  }
}

/**
 * Packs a bundle into one .tar.gz. The bundle is verified before. The same bundle under the same
 * folder name always gives the same bytes.
 *
 * @param bundle the bundle's folder
 * @param archive the file to be written; one that is there is replaced
 * @param verify says whether the bundle is whole
 * @throws UserError where the bundle does not verify, or no file can be written at that place
 */
export async function packBundle(
  bundle: string,
  archive: string,
  verify: Verify,
): Promise<Verification> {
  if (isFolder(archive)) {
    throw new UserError(
      `${archive}: a folder, where the packed file would be written. Bundles are packed one by one`,
    );
  }
  if (!isFolder(dirname(archive))) {
    throw new UserError(`${dirname(archive)}: there is no such folder to pack into`);
  }
  const folder = basename(Deno.realPathSync(bundle));
  if (!isSafeName(folder)) {
    throw new UserError(`${bundle}: rename the folder to letters, digits and ._- to pack it`);
  }
  const { path: beside, file: output } = temporaryFor(archive);
  let isWhole = false;
  let verification: Verification;
  try {
    verification = await verify(bundle);
    if (!verification.ok) {
      throw new UserError(
        `${bundle}: not packed, because it does not verify\n${problemText(verification)}`,
      );
    }
    const gzip = new Gzip({ level: 6, mtime: 0 }, (chunk) => writeAll(output, chunk));
    for (const name of packedOrder(bundle)) packFile(gzip, bundle, name, `${folder}/${name}`);
    gzip.push(new Uint8Array(2 * blockSize), true);
    output.syncSync();
    isWhole = true;
  } catch (error) {
    if (error instanceof Error && /os error 28\b/.test(error.message)) {
      throw new UserError(`${archive}: the disk is full`);
    }
    throw error;
  } finally {
    output.close();
    if (!isWhole) Deno.removeSync(beside); // A full disk, say: half a file is of no use.
  }
  Deno.renameSync(beside, archive);
  syncFolder(dirname(archive));
  return verification;
}

function temporaryFor(archive: string): Temporary {
  try {
    return createTemporary(archive);
  } catch (error) {
    throw explainFolder(error, dirname(archive), "name another FILE after the bundle");
  }
}

/** Adds a file of a bundle to an archive under a name. */
function packFile(gzip: Gzip, bundle: string, name: string, packedName: string): void {
  using input = openInside(bundle, name);
  const { size } = input.statSync();
  gzip.push(header(packedName, size));
  const buffer = new Uint8Array(1 << 20);
  let left = size;
  for (let count = input.readSync(buffer); count !== null; count = input.readSync(buffer)) {
    left -= count;
    gzip.push(buffer.slice(0, count));
  }
  if (left !== 0) throw new UserError(`${name}: it changed while it was packed`);
  gzip.push(new Uint8Array((blockSize - size % blockSize) % blockSize));
}
