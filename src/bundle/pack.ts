/**
 * Packs a bundle into one file: a gzipped POSIX tar (ustar, IEEE Std 1003.1), with the same bytes
 * for the same bundle. The manifests come first, so that unpacking knows which files may follow.
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
  // A name longer than 100 bytes is split at a slash into two fields.
  let cut = -1;
  if (name.length > 100) {
    cut = name.indexOf("/", name.length - 101);
    if (cut < 1 || cut > 155) {
      throw new UserError(`${name}: too long a name for an archive; shorten the folder's name`);
    }
  }
  if (size >= 8 ** 11) throw new UserError(`${name}: archives cannot hold files of 8 GiB or more`);
  const bytes = new Uint8Array(blockSize);
  const put = (at: number, text: string) => bytes.set(encoder.encode(text), at);
  put(0, name.slice(cut + 1));
  put(100, "0000644\0" + "0000000\0" + "0000000\0"); // mode, owner, group
  put(124, size.toString(8).padStart(11, "0") + "\0");
  put(136, "00000000000\0"); // No modification time: it would differ between archives.
  put(148, "        0ustar\x0000"); // The checksum as spaces, then the type: a regular file.
  if (cut > 0) put(345, name.slice(0, cut));
  put(148, bytes.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0") + "\0 ");
  return bytes;
}

/** The files at the start of an archive, against which the others are checked as they arrive. */
export const leadingFiles = [
  "bagit.txt",
  "tagmanifest-sha256.txt",
  "manifest-sha256.txt",
  "bag-info.txt",
] as const;

/** A bundle's files in packing order: the leading files, then the others by name. */
function packedOrder(bundle: string): string[] {
  const others = filesIn(bundle).filter((name) => !leadingFiles.some((first) => first === name));
  return [...leadingFiles, ...others];
}

/**
 * All files under a folder, ordered by name. Verification has already refused links and the like.
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
    return false; // Writing will report what is wrong with the path.
  }
}

/**
 * Verifies a bundle and packs it into a .tar.gz. The same bundle under the same folder name always
 * gives the same bytes.
 *
 * @param bundle the bundle's folder
 * @param archive the file to write; an existing file is replaced
 * @param verify verifies the bundle
 * @throws UserError if the bundle does not verify, or the file cannot be written
 */
export async function packBundle(
  bundle: string,
  archive: string,
  verify: Verify,
): Promise<Verification> {
  if (isFolder(archive)) {
    throw new UserError(
      `${archive}: this is a folder; name a file to write. Only one bundle is packed at a time`,
    );
  }
  if (!isFolder(dirname(archive))) {
    throw new UserError(`${dirname(archive)}: this folder does not exist`);
  }
  const folder = basename(Deno.realPathSync(bundle));
  if (!isSafeName(folder)) {
    throw new UserError(
      `${bundle}: to pack this folder, give it a name of letters, digits and ._- only`,
    );
  }
  const { path: temporary, file: output } = temporaryFor(archive);
  let isComplete = false;
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
    isComplete = true;
  } catch (error) {
    if (error instanceof Error && /os error 28\b/.test(error.message)) {
      throw new UserError(`${archive}: the disk is full`);
    }
    throw error;
  } finally {
    output.close();
    if (!isComplete) Deno.removeSync(temporary);
  }
  Deno.renameSync(temporary, archive);
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

/** Adds a file of a bundle to an archive, under another name. */
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
  if (left !== 0) throw new UserError(`${name}: it changed while it was being packed`);
  gzip.push(new Uint8Array((blockSize - size % blockSize) % blockSize));
}
