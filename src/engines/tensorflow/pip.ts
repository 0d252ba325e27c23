/** Downloads pinned wheels with pip. If pip fails, the error repeats what it printed. */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import type { Machine } from "./machine.ts";
import { totalSize, type Wheel, type WheelSet } from "./pins.ts";
import { findPip, lastLines, writeRequirements } from "./python.ts";

/** There is no pip, so the remedies must not mention it. */
export class NoPipError extends UserError {}

/** The command that runs pip. */
type Pip = readonly [program: string, ...args: string[]];

/**
 * Downloads the wheels of a set and checks their digests.
 *
 * @param folder an empty folder for them
 * @param onBytes called now and then with the number of bytes downloaded so far
 * @returns the wheels' paths
 * @throws {NoPipError} if there is no pip
 * @throws {UserError} if pip fails, with what it printed, or a digest differs
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
  const totalBytes = totalSize(set.wheels);
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

/**
 * The message if there is no pip.
 *
 * @param tried the failed tries, each as "PROGRAM: reason"
 */
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
    // Not the user's working folder, whose files pip might import as modules.
    cwd: folder,
    // pip downloads to TMPDIR. Here that is on the cache's disk, and progress can be measured.
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
  const output = lastOutput(text(stderr)) || lastOutput(text(stdout));
  throw new UserError(
    `${pip.join(" ")} download failed with exit code ${code}` +
      (output === "" ? "" : `:\n  ${output.replaceAll("\n", "\n  ")}`),
  );
}

/** The end of pip's output, without stack traces, and with only the last of repeated retries. */
function lastOutput(text: string): string {
  const lines = text.split(/[\r\n]+/).filter((line) => !/^\s*(File "|Traceback|\^+$)/.test(line));
  const isRetry = (line: string | undefined) => /^\s*WARNING: Retrying/.test(line ?? "");
  const kept = lines.filter((line, i) => !isRetry(line) || !isRetry(lines[i + 1]));
  return lastLines(kept.join("\n"), 5);
}

/** Size of all files below a folder. Files that vanish meanwhile count as nothing. */
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

/** Finds a downloaded wheel and checks its digest, although pip has checked it too. */
async function checkedWheel(folder: string, wheel: Wheel): Promise<string> {
  const start = `${wheel.name.replaceAll("-", "_")}-${wheel.version}-`;
  const name = (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name)
    .find((name) => name.startsWith(start) && name.endsWith(".whl"));
  if (name === undefined) {
    throw new UserError(`pip downloaded no wheel of ${wheel.name} ${wheel.version}`);
  }
  const path = join(folder, name);
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  for await (const piece of file.readable) hash.update(piece);
  const sha256 = hash.digest("hex");
  if (sha256 !== wheel.sha256) {
    throw new UserError(
      `${name} has the SHA-256 ${sha256} instead of the pinned ${wheel.sha256}`,
    );
  }
  return path;
}
