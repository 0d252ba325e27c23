/**
 * Bundles as one file to send: a gzipped POSIX tar (ustar, IEEE Std 1003.1), the same bytes for the
 * same bundle. What comes back is not trusted: only plain files with harmless names, unpacked
 * beside their place, verified, then renamed.
 */
import { basename, dirname, join } from "@std/path";
import { Gzip } from "fflate";
import { UserError } from "../errors.ts";
import { explainInputError } from "../formats/input.ts";
import { gunzipPieces, isGzip } from "../formats/gzip.ts";
import { joined } from "../formats/pieces.ts";
import { untar } from "../formats/tar.ts";
import { type Claim, claimPlace } from "../files/claim.ts";
import { createTemporary, syncFolder, writeAll, writeNew } from "../files/create.ts";
import { isSafeName } from "./manifest.ts";
import { type Verification, verifyBundle } from "./verify.ts";

const blockSize = 512;
/** More than any bundle has. */
const most = { bytes: 2 ** 36, entries: 100_000 };
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
 * @throws UserError where the bundle does not verify, or no file can be written at that place
 */
export async function packBundle(bundle: string, archive: string): Promise<Verification> {
  if (isFolder(archive)) {
    throw new UserError(
      `${archive}: a folder, where the packed file would be written. Bundles are packed one by one`,
    );
  }
  if (!isFolder(dirname(archive))) {
    throw new UserError(`${dirname(archive)}: there is no such folder to pack into`);
  }
  const verification = await verifyBundle(bundle);
  if (!verification.ok) {
    throw new UserError(
      `${bundle}: not packed, because it does not verify\n${problemText(verification)}`,
    );
  }
  const folder = basename(Deno.realPathSync(bundle));
  if (!isSafeName(folder)) {
    throw new UserError(`${bundle}: rename the folder to letters, digits and ._- to pack it`);
  }
  const { path: beside, file: output } = createTemporary(archive);
  let isWhole = false;
  try {
    const gzip = new Gzip({ level: 6, mtime: 0 }, (chunk) => writeAll(output, chunk));
    const buffer = new Uint8Array(1 << 20);
    for (const name of filesIn(bundle)) {
      const input = Deno.openSync(join(bundle, name));
      try {
        const { size } = input.statSync();
        gzip.push(header(`${folder}/${name}`, size));
        let left = size;
        for (let count = input.readSync(buffer); count !== null; count = input.readSync(buffer)) {
          left -= count;
          gzip.push(buffer.slice(0, count));
        }
        if (left !== 0) throw new UserError(`${name}: it changed while it was packed`);
        gzip.push(new Uint8Array((blockSize - size % blockSize) % blockSize));
      } finally {
        input.close();
      }
    }
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

/** A verification's problems as lines. */
export function problemText({ problems }: Verification, most = 20): string {
  const lines = problems.slice(0, most).map(({ file, what }) =>
    `  ${file || "the bundle"}: ${what}`
  );
  if (problems.length > most) lines.push(`  and ${problems.length - most} more`);
  return lines.join("\n");
}

/** The file, at its beginning, where it begins as a gzip file does. */
async function openPacked(archive: string): Promise<Deno.FsFile> {
  let file: Deno.FsFile;
  try {
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
 * @param say is told where another process may be unpacking the same
 * @returns the bundle's folder and its verification
 * @throws UserError where the archive is damaged, holds anything but a bundle, or the bundle is
 *   there already
 */
export async function unpackBundle(
  archive: string,
  into: string,
  say?: (text: string) => void,
): Promise<Verification> {
  const fault = (what: string) =>
    new UserError(`${archive}: this archive cannot be unpacked: ${what}`);
  const file = await openPacked(archive);
  const stream = file.readable;
  Deno.mkdirSync(into, { recursive: true });
  const pieces = gunzipPieces(stream, archive);
  let claim: Claim | null = null;
  try {
    let folder: string | null = null;
    for await (const { name, content } of untar(pieces, archive, most)) {
      const [top, ...rest] = name.split("/");
      if (!isSafeName(name) || !top || rest.length === 0) {
        throw fault(`the name ${JSON.stringify(name)} is not allowed`);
      }
      folder ??= top;
      claim ??= await claimPlace(join(into, folder), `unpacking ${folder}`, say);
      if (top !== folder) throw fault("it holds more than one bundle");
      const path = join(claim.staging, ...rest);
      try {
        Deno.mkdirSync(dirname(path), { recursive: true });
        const parts: Uint8Array[] = [];
        for await (const part of content) parts.push(part);
        writeNew(path, joined(parts));
      } catch (error) {
        // On some systems names that differ only in case are the same; a file may also stand where
        // a folder should.
        if (
          !(error instanceof Deno.errors.AlreadyExists ||
            error instanceof Deno.errors.NotADirectory)
        ) throw error;
        throw fault(`the name ${JSON.stringify(name)} occurs twice, or as a file and a folder`);
      }
    }
    // On to the end of the file, so that the checksum of the whole is compared.
    for await (const piece of pieces) {
      if (piece.some((byte) => byte !== 0)) throw fault("something follows its end");
    }
    if (folder === null || claim === null) throw fault("it is empty");
    const verification = await verifyBundle(claim.staging);
    if (!verification.ok) {
      throw fault(`the bundle in it does not verify\n${problemText(verification)}`);
    }
    claim.finish();
    return { ...verification, path: join(into, folder) };
  } finally {
    // Where reading stopped early: closes the file. That the rest is not read, or damaged too, is
    // no matter now.
    await pieces.return(undefined).catch(() => {});
    await stream.cancel().catch(() => {});
    claim?.[Symbol.dispose]();
  }
}
