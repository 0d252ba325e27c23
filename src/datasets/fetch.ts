/**
 * Fetches the official archives of a dataset. If the connection breaks, the data received so far is
 * kept, and the next attempt resumes from there. Nothing is used before its size and SHA-256 match
 * the pinned ones. The dataset's folder appears complete, by a single rename.
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { exists, openRegular } from "../files/create.ts";
import { waitForLock } from "../files/lock.ts";
import { ownedFolder } from "../files/owned.ts";
import { gunzipPieces } from "../formats/gzip.ts";
import { untar } from "../formats/tar.ts";
import type { Archive } from "./archives.ts";

/** A server that sends nothing for this long is considered gone. */
const silenceMs = 60_000;

/** Called with the name of what is being processed, its bytes done and its total bytes. */
export type FetchProgress = (what: string, done: number, all: number) => void;

/** One attempt to fetch the rest of a file; throws if the connection breaks. */
async function fetchRest(
  url: string,
  file: Deno.FsFile,
  archive: Archive,
  onProgress?: FetchProgress,
): Promise<void> {
  let done = (await file.stat()).size;
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    // Unencoded: if the server compressed the file in transit, "the rest" would mean other bytes.
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (done) headers.range = `bytes=${done}-`;
    const response = await fetch(url, { headers, signal: silence.signal });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new Error(`the server responded with status ${response.status}`);
    }
    const isRest = response.status === 206 &&
      response.headers.get("content-range")?.startsWith(`bytes ${done}-`);
    if (!isRest) {
      // The server sends the whole file: start over.
      await file.truncate(0);
      done = 0;
    }
    await file.seek(0, Deno.SeekMode.End);
    for await (const piece of response.body) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceMs);
      if (done + piece.length > archive.bytes) {
        throw new Error("the server sent more bytes than the archive has");
      }
      for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
      done += piece.length;
      onProgress?.(archive.file, done, archive.bytes);
    }
    if (done < archive.bytes) throw new Error("the connection ended early");
  } finally {
    clearTimeout(timer);
  }
}

async function sha256Of(file: Deno.FsFile): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1 << 20);
  await file.seek(0, Deno.SeekMode.Start);
  for (let count; (count = await file.read(buffer)) !== null;) {
    hash.update(buffer.subarray(0, count));
  }
  return hash.digest("hex");
}

/** Opens a partial download or a new file, and never follows a link. */
function openDownload(path: string): Deno.FsFile {
  if (exists(path)) return openRegular(path, { read: true, write: true });
  return Deno.openSync(path, { read: true, write: true, createNew: true });
}

/** Fetches one archive into `folder`, or the missing rest of it. */
async function fetchArchive(
  archive: Archive,
  folder: string,
  onProgress?: FetchProgress,
): Promise<string> {
  const path = join(folder, archive.file);
  const file = openDownload(path);
  try {
    const reasons: string[] = [];
    for (const url of archive.urls) {
      if ((await file.stat()).size === archive.bytes) break;
      try {
        if ((await file.stat()).size > archive.bytes) await file.truncate(0);
        await fetchRest(url, file, archive, onProgress);
      } catch (error) {
        if (error instanceof Deno.errors.NotCapable) throw error;
        reasons.push(`${url}: ${error instanceof Error ? error.message : error}`);
      }
    }
    const { size } = await file.stat();
    if (size < archive.bytes) {
      throw new UserError(
        `${archive.file} cannot be fetched (${size} of ${archive.bytes} bytes so far):\n` +
          reasons.map((reason) => `  ${reason}\n`).join("") +
          "Run this again to resume; or get the file elsewhere " +
          `(SHA-256 ${archive.sha256}), save it as ${path}, and run this again.`,
      );
    }
    const digest = await sha256Of(file);
    if (digest !== archive.sha256) {
      await file.truncate(0);
      throw new UserError(
        `${path}: its SHA-256 is ${digest}, but the official archive's is ${archive.sha256}. ` +
          "The file has been emptied; run this again",
      );
    }
  } finally {
    file.close();
  }
  return path;
}

async function unpack(
  archive: Archive,
  path: string,
  folder: string,
  onProgress?: FetchProgress,
): Promise<void> {
  const file = await Deno.open(path);
  let bytes = 0;
  for await (
    const { name, content } of untar(gunzipPieces(file.readable, path), path, archive.tar!)
  ) {
    const target = join(folder, name);
    await Deno.mkdir(join(target, ".."), { recursive: true });
    // The whole folder appears by one rename, so the files in it need none.
    using output = await Deno.open(target, { write: true, createNew: true });
    for await (const piece of content) {
      for (let at = 0; at < piece.length;) at += await output.write(piece.subarray(at));
      onProgress?.(`unpacking ${archive.file}`, bytes += piece.length, archive.tar!.bytes);
    }
  }
}

/**
 * Fetches a dataset's archives, unpacks them, and puts them where `loadDataset` looks:
 * dataRoot/name.
 *
 * @returns the folder
 * @throws UserError if the folder already exists, if there is no network, or if an archive does
 * not match its pinned digest
 */
export async function fetchDataset(
  name: string,
  archives: Archive[],
  dataRoot: string,
  onProgress?: FetchProgress,
): Promise<string> {
  const folder = join(dataRoot, name);
  const downloads = join(dataRoot, ".downloads", name);
  const alreadyExists = () =>
    new UserError(`${folder} already exists; move it away to fetch ${name}`);
  if (exists(folder)) throw alreadyExists();
  ownedFolder(join(dataRoot, ".downloads"), {
    advice: "run this in a folder whose data/ belongs to you",
    isLinkAllowed: true,
  });
  using _lock = await waitForLock(`${downloads}.lock`, `fetching ${name}`, {
    onWait: () => onProgress?.("waiting for another process that is fetching it", 0, 1),
  });
  if (exists(folder)) return folder; // Another process has fetched it.
  await Deno.mkdir(downloads, { recursive: true });
  const paths: string[] = [];
  const problems: string[] = [];
  for (const archive of archives) {
    try {
      paths.push(await fetchArchive(archive, downloads, onProgress));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length) {
    throw new UserError(
      `${problems.join("\n")}\nIf you have unpacked the dataset yourself, put it into ${folder}.`,
    );
  }
  const staging = await Deno.makeTempDir({ dir: downloads, prefix: "unpacked-", suffix: ".tmp" });
  try {
    for (const [i, archive] of archives.entries()) {
      if (archive.tar) await unpack(archive, paths[i]!, staging, onProgress);
      else await Deno.copyFile(paths[i]!, join(staging, archive.file));
    }
    await Deno.rename(staging, folder);
  } catch (error) {
    await Deno.remove(staging, { recursive: true }).catch(() => {});
    if (exists(folder)) throw alreadyExists();
    throw error;
  }
  await Deno.remove(downloads, { recursive: true });
  return folder;
}
