/**
 * Fetches pinned wheels by pip and puts the needed files into the cache, whole or not at all:
 * everything happens in a folder beside, which gets its name when it is finished and its manifest
 * written.
 */
import { join } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import { createStaging, removeIfThere, removeLeftovers } from "../../files/create.ts";
import { waitForLock } from "../../files/lock.ts";
import { isWhole, requireOwnCache, writeManifest } from "./cache.ts";
import { formatBytes, type Machine } from "./machine.ts";
import { downloadWheels } from "./pip.ts";
import type { WheelSet } from "./pins.ts";
import { extractEntry, listWheel } from "./wheel.ts";

/** How far fetching is. */
export interface FetchProgress {
  /** `wait`: another process fetches the same; its work will be used. */
  readonly stage: "wait" | "download" | "unpack";
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/**
 * Fetches a set into `cache/KEY`. Processes that fetch at the same time wait for the first and use
 * its work.
 *
 * @throws {UserError} where pip is missing or fails, or the cache is not the person's own; nothing
 *   is left in the cache then
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
    const { code, message } = error as { code?: unknown; message: string };
    if (!["ENOSPC", "EDQUOT", "EACCES", "EROFS", "EEXIST", "ENOTDIR"].includes(String(code))) {
      throw error;
    }
    throw new UserError(
      `${cache} cannot be written (${message}); XDG_CACHE_HOME names another place`,
    );
  }
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
  if (await isWhole(folder, set)) return folder;
  removeLeftovers(folder); // of a process that died
  const part = createStaging(folder);
  try {
    const pip = join(part, "pip");
    await Deno.mkdir(pip);
    const totalBytes = set.wheels.reduce((sum, wheel) => sum + wheel.bytes, 0);
    const wheels = await downloadWheels(machine, set, pip, (doneBytes) => {
      onProgress({ stage: "download", doneBytes, totalBytes });
    });
    const whole = join(part, "whole");
    await unpack(set, wheels, whole, onProgress);
    lock.check();
    removeIfThere(folder); // one that is not whole
    await Deno.rename(whole, folder);
    return folder;
  } finally {
    removeIfThere(part);
  }
}

async function unpack(
  set: WheelSet,
  wheels: readonly string[],
  folder: string,
  onProgress: (progress: FetchProgress) => void,
): Promise<void> {
  const wanted = (await Promise.all(
    wheels.map(async (wheel) =>
      (await listWheel(wheel)).filter((entry) => set.needed(entry.path)).map((entry) => ({
        wheel,
        entry,
      }))
    ),
  )).flat();
  const totalBytes = wanted.reduce((sum, { entry }) => sum + entry.bytes, 0);
  let doneBytes = 0;
  const files: Record<string, number> = {};
  const digests: Record<string, string> = {};
  onProgress({ stage: "unpack", doneBytes, totalBytes });
  for (const { wheel, entry } of wanted) {
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

/** The line that is said before a fetch starts. */
export function announcement(set: WheelSet, cache: string): string {
  const bytes = set.wheels.reduce((sum, wheel) => sum + wheel.bytes, 0);
  const [first] = set.wheels;
  const what = set.gpu
    ? `${first?.name} ${first?.version} for NVIDIA GPUs with its CUDA libraries`
    : `${first?.name} ${first?.version}`;
  return `Fetching ${what}: ${formatBytes(bytes)} by pip, into ${cache}. This happens once.`;
}
