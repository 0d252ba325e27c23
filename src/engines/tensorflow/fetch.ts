/**
 * Fetches pinned wheels by pip and puts the needed files into the cache, whole or not at all:
 * everything happens in a folder beside, which gets its name when it is finished and its manifest
 * written.
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { UserError } from "../../errors.ts";
import { formatBytes, type Machine } from "./machine.ts";
import type { Wheel, WheelSet } from "./pins.ts";
import { findPip, writeRequirements } from "./python.ts";
import { extractEntry, listWheel } from "./wheel.ts";

/** How far fetching is. */
export interface FetchProgress {
  /** `wait`: another process fetches the same; its work will be used. */
  readonly stage: "wait" | "download" | "unpack";
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** The manifest's name, inside the folder that it describes. */
export const MANIFEST = "alias-free-diffusion.json";

/** What a finished folder says about itself. */
export interface CacheManifest {
  /** SHA-256 of the wheels that the files came from. */
  readonly wheels: readonly string[];
  /** Every file's size by its path. */
  readonly files: Readonly<Record<string, number>>;
}

/**
 * Whether `folder` holds a whole, unpacked set: its manifest names the pinned wheels and each file
 * has its size. Cheap enough for every start; the bytes were checked against the digest when they
 * were fetched.
 */
export async function isWhole(folder: string, set: WheelSet): Promise<boolean> {
  let manifest: CacheManifest;
  try {
    manifest = JSON.parse(await Deno.readTextFile(join(folder, MANIFEST)));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
  if (manifest.wheels?.join() !== set.wheels.map((wheel) => wheel.sha256).join()) return false;
  for (const [path, bytes] of Object.entries(manifest.files ?? {})) {
    const info = await Deno.stat(join(folder, path)).catch(() => null);
    if (info?.size !== bytes) return false;
  }
  return true;
}

/**
 * Fetches a set into `cache/KEY`. Processes that fetch at the same time wait for the first and use
 * its work.
 *
 * @throws {UserError} where pip is missing or fails; nothing is left in the cache then
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
  using lock = await Deno.open(join(cache, `${set.key}.lock`), { write: true, create: true });
  if (!await lock.tryLock(true)) {
    onProgress({ stage: "wait", doneBytes: 0, totalBytes: 0 });
    await lock.lock(true); // let go by the system too, when its process dies
  }
  if (await isWhole(folder, set)) return folder;
  const part = `${folder}.part`;
  await removeAll(part); // of a process that died
  await Deno.mkdir(join(part, "pip"), { recursive: true });
  try {
    const wheels = await download(machine, set, join(part, "pip"), onProgress);
    const whole = join(part, "whole");
    await unpack(set, wheels, whole, onProgress);
    await removeAll(folder); // one that is not whole
    await Deno.rename(whole, folder);
    return folder;
  } finally {
    await removeAll(part);
  }
}

async function removeAll(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

async function download(
  machine: Machine,
  set: WheelSet,
  folder: string,
  onProgress: (progress: FetchProgress) => void,
): Promise<string[]> {
  const pip = await findPip(machine);
  if (pip === null) {
    throw new UserError("there is no pip here: none of python3, python, py, pip3 and pip runs it");
  }
  const [program, ...first] = pip as [string, ...string[]];
  const requirements = await writeRequirements(folder, set.wheels);
  const totalBytes = set.wheels.reduce((sum, wheel) => sum + wheel.bytes, 0);
  const path = machine.env("PATH");
  const child = new Deno.Command(program, {
    args: [
      ...first,
      ...[
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--requirement",
        requirements,
      ],
      ...set.platforms.flatMap((platform) => ["--platform", platform]),
      ...["--python-version", "3.11", "--implementation", "cp", "--dest", folder],
      ...["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"],
    ],
    // pip writes the growing file into TMPDIR: here it is on the cache's disk and its size can be
    // watched.
    env: {
      ...(path === undefined ? {} : { PATH: path }),
      TMPDIR: folder,
      PIP_REQUIRE_VIRTUALENV: "0",
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const tell = () => folderBytes(folder).then((bytes) => Math.min(bytes, totalBytes));
  const watch = setInterval(
    async () => onProgress({ stage: "download", doneBytes: await tell(), totalBytes }),
    500,
  );
  try {
    onProgress({ stage: "download", doneBytes: 0, totalBytes });
    const { success, stderr } = await child.output();
    if (!success) throw new UserError(pipFailure(pip, new TextDecoder().decode(stderr)));
  } finally {
    clearInterval(watch);
  }
  onProgress({ stage: "download", doneBytes: totalBytes, totalBytes });
  return await Promise.all(set.wheels.map((wheel) => checkedWheel(folder, wheel)));
}

/** pip's own words, without its tracebacks and the noise around them. */
function pipFailure(pip: readonly string[], text: string): string {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const errors = lines.filter((line) => /^ERROR:|Error:|error:/.test(line));
  const said = (errors.length > 0 ? errors : lines).slice(-3).join("\n  ");
  return `${pip.join(" ")} download failed${said === "" ? "" : `. It said:\n  ${said}`}`;
}

/** Size of all files below a folder; files that vanish meanwhile count nothing. */
async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const entry of Deno.readDir(folder)) {
      const path = join(folder, entry.name);
      bytes += entry.isDirectory ? await folderBytes(path) : (await Deno.stat(path)).size;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bytes;
}

/**
 * The wheel's path, once its bytes are known to be the pinned ones. pip has looked too; half a file
 * must never pass.
 */
async function checkedWheel(folder: string, wheel: Wheel): Promise<string> {
  const start = `${wheel.name.replaceAll("-", "_")}-${wheel.version}-`;
  const name = (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name)
    .find((name) => name.startsWith(start) && name.endsWith(".whl"));
  if (name === undefined) {
    throw new UserError(`pip fetched no wheel of ${wheel.name} ${wheel.version}`);
  }
  const path = join(folder, name);
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  for await (const piece of file.readable) hash.update(piece);
  const sha256 = hash.digest("hex");
  if (sha256 !== wheel.sha256) {
    throw new UserError(
      `${name} is not what it should be: SHA-256 ${sha256} instead of ${wheel.sha256}`,
    );
  }
  return path;
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
  onProgress({ stage: "unpack", doneBytes, totalBytes });
  for (const { wheel, entry } of wanted) {
    await extractEntry(wheel, entry, folder, (bytes) => {
      doneBytes += bytes;
      onProgress({ stage: "unpack", doneBytes, totalBytes });
    });
    files[entry.path] = entry.bytes;
  }
  const manifest: CacheManifest = { wheels: set.wheels.map((wheel) => wheel.sha256), files };
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(join(folder, MANIFEST), JSON.stringify(manifest, null, 2) + "\n");
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
