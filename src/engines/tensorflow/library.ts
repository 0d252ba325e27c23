/**
 * Finds TensorFlow's C library: in the folder that TENSORFLOW_DIR names, in our cache, or in the
 * user's Python. Otherwise downloads it with pip. Nothing here loads it.
 */
import { dirname, join } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import { isComplete, requireOwnCache } from "./cache.ts";
import { announcement, fetchLibrary, type FetchProgress } from "./fetch.ts";
import {
  cacheFolder,
  exists,
  formatBytes,
  hasCacheFolder,
  isNoexec,
  type Machine,
  noexecText,
  thisMachine,
} from "./machine.ts";
import { NoPipError, noPipText } from "./pip.ts";
import { TENSORFLOW_VERSION, totalSize, type Wheel, type WheelSet } from "./pins.ts";
import { findPip, installedTensorFlows } from "./python.ts";
import { draw, printError, visible } from "../../messages/terminal.ts";

export type { FetchProgress } from "./fetch.ts";
export { TENSORFLOW_VERSION } from "./pins.ts";

/** TensorFlow's two library files. */
export interface TensorFlowLibrary {
  /** The folder that holds both. */
  readonly directory: string;
  /** Path of the core library, `libtensorflow_cc`, which holds the operations. */
  readonly cc: string;
  /** Path of `libtensorflow_framework`, which the core needs. */
  readonly framework: string;
  /** Its version; null with TENSORFLOW_DIR, which may name any version. */
  readonly version: string | null;
  /** How it was found. */
  readonly source: "TENSORFLOW_DIR" | "python" | "cache" | "download";
  /** Whether NVIDIA's libraries are beside it, where its GPU build looks for them. */
  readonly gpu: boolean;
  /** The wheels that it was unpacked from; empty if this project did not download it. */
  readonly wheels: readonly Wheel[];
  /** Other libraries that were found but not used, each with the reason. */
  readonly skipped: readonly string[];
}

/** The library could be downloaded, but the caller did not allow it. */
export class NotFetchedError extends UserError {}

/** Options of {@link findLibrary}. */
export interface FindLibraryOptions {
  /** Whether to download it if this machine has none. Default: true. */
  download?: boolean;
  /** Called as the download proceeds. Default: shows a line on stderr. */
  onProgress?: (progress: FetchProgress) => void;
  /** The machine to search. Default: this one; tests give another. */
  machine?: Machine;
}

/**
 * Finds TensorFlow's library, or downloads it.
 *
 * @throws {UserError} with possible remedies, if there is none and it cannot be downloaded
 * @throws {NotFetchedError} if there is none and `download` is false
 */
export async function findLibrary(options: FindLibraryOptions = {}): Promise<TensorFlowLibrary> {
  const machine = options.machine ?? await thisMachine();
  const own = machine.env("TENSORFLOW_DIR");
  if (own !== undefined) return await namedFolder(own);
  if (machine.os === "windows") throw new UserError(windowsMessage);
  const cached = await cachedLibrary(machine);
  if (cached !== null) return cached;
  const skipped: string[] = [];
  for (const { name, version, directory, python } of await installedTensorFlows(machine)) {
    const libraries = await librariesIn(directory);
    if (version === TENSORFLOW_VERSION && libraries !== null) {
      return await describe(libraries, version, "python", skipped);
    }
    const reason = version !== TENSORFLOW_VERSION
      ? `is not ${TENSORFLOW_VERSION}`
      : "lacks its libraries";
    skipped.push(`${name} ${version} of ${python} ${reason}`);
  }
  const set = machine.wheels;
  if (set === null) {
    throw new UserError(absenceText(machine, skipped, "TensorFlow publishes no library for it"));
  }
  const cache = cacheFolder(machine);
  await requireLoadable(cache);
  if (options.download === false) await refuseDownload(machine, set, skipped);
  const onProgress = options.onProgress ?? progressLine(announcement(set, cache), skipped);
  try {
    const fetched = await fetchLibrary(machine, set, cache, onProgress);
    return await inCache(fetched, "download", set.wheels, skipped);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const hasPip = !(error instanceof NoPipError);
    throw new UserError(absenceText(machine, skipped, error.message, hasPip));
  }
}

/** The library that an earlier run downloaded, or null. Starts no program. */
async function cachedLibrary(machine: Machine): Promise<TensorFlowLibrary | null> {
  const set = machine.wheels;
  if (set === null || !hasCacheFolder(machine)) return null;
  const cache = cacheFolder(machine);
  const folder = join(cache, set.key);
  if (!await exists(folder)) return null;
  for (const path of [cache, folder]) {
    const warning = requireOwnCache(path);
    if (warning !== null) printError(warning);
  }
  if (!await isComplete(folder, set)) return null;
  await requireLoadable(cache);
  return await inCache(folder, "cache", set.wheels, []);
}

async function requireLoadable(cache: string): Promise<void> {
  if (await isNoexec(cache)) throw new UserError(noexecText(cache));
}

/** Throws an error that says how the library would be downloaded. */
async function refuseDownload(
  machine: Machine,
  set: WheelSet,
  skipped: readonly string[],
): Promise<never> {
  const pip = await findPip(machine);
  if (pip.command === null) {
    throw new UserError(absenceText(machine, skipped, noPipText(pip.tried), false));
  }
  const size = formatBytes(totalSize(set.wheels));
  const reason = `the first run that needs it downloads it with pip (${size})`;
  throw new NotFetchedError(absenceText(machine, skipped, reason));
}

async function inCache(
  folder: string,
  source: "cache" | "download",
  wheels: readonly Wheel[],
  skipped: string[],
): Promise<TensorFlowLibrary> {
  const libraries = await librariesIn(join(folder, "tensorflow"));
  if (libraries === null) {
    throw new Error(`${folder} lacks TensorFlow's libraries, although its manifest names them.`);
  }
  return { ...await describe(libraries, TENSORFLOW_VERSION, source, skipped), wheels };
}

async function describe(
  libraries: { cc: string; framework: string },
  version: string | null,
  source: TensorFlowLibrary["source"],
  skipped: readonly string[],
): Promise<TensorFlowLibrary> {
  const directory = dirname(libraries.cc);
  const gpu = await exists(join(directory, "..", "nvidia", "cudnn"));
  return { directory, ...libraries, version, source, gpu, wheels: [], skipped };
}

async function namedFolder(directory: string): Promise<TensorFlowLibrary> {
  const libraries = await librariesIn(directory);
  if (libraries !== null) return await describe(libraries, null, "TENSORFLOW_DIR", []);
  const below = join(directory, "tensorflow");
  const hint = await librariesIn(below) !== null ? ` Did you mean ${below}?` : "";
  throw new UserError(
    `TENSORFLOW_DIR is ${directory}, which does not hold libtensorflow_cc and ` +
      `libtensorflow_framework.${hint} Set it to the folder with both, or unset it.`,
  );
}

/** The two libraries in a folder, as named on Linux or macOS; null unless both are there. */
async function librariesIn(directory: string): Promise<{ cc: string; framework: string } | null> {
  const endings = [".so.2", ".2.dylib", ".so", ".dylib"];
  for (const ending of endings) {
    const cc = join(directory, `libtensorflow_cc${ending}`);
    const framework = join(directory, `libtensorflow_framework${ending}`);
    if (await exists(cc) && await exists(framework)) return { cc, framework };
  }
  return null;
}

const windowsMessage =
  "TensorFlow has no library for Windows. Use the engine webgpu, or run this project under WSL2, " +
  "where the engine tensorflow works as on Linux.";

/** The message if the library is missing: the reason, and what the user can do. */
function absenceText(
  machine: Machine,
  skipped: readonly string[],
  reason: string,
  hasPip = true,
): string {
  const lines = [
    `TensorFlow's library is not on this machine (${machine.os} ${machine.arch}): ${reason}.`,
    ...skipped.map((found) => `Found but not used: ${found}.`),
    "What you can do:",
  ];
  if (machine.wheels !== null) {
    const name = machine.wheels.gpu
      ? "tensorflow[and-cuda]"
      : machine.wheels.wheels[0]?.name ?? "tensorflow";
    lines.push(
      ...(hasPip
        ? [
          "- make pip's package index reachable, or configure a mirror in pip",
          `- install it yourself: python3 -m pip install "${name}==${TENSORFLOW_VERSION}"`,
        ]
        : ["- install pip for a Python on PATH (Debian and Ubuntu: apt install python3-pip)"]),
    );
  }
  lines.push(
    "- set TENSORFLOW_DIR to a folder with libtensorflow_cc and libtensorflow_framework",
    "- use another engine: webgpu (any GPU that Deno can use) or cpu (slow)",
  );
  return lines.join("\n");
}

/** Shows progress on stderr: one line that changes on a terminal, otherwise a line every 25 %. */
function progressLine(
  first: string,
  skipped: readonly string[],
): (progress: FetchProgress) => void {
  const isTerminal = Deno.stderr.isTerminal();
  let shown = "";
  let announced = false;
  return ({ stage, doneBytes, totalBytes }) => {
    if (stage === "wait") {
      return draw("Another process is downloading TensorFlow; waiting for it.\n");
    }
    if (!announced) {
      const lines = [...skipped.map((found) => `Found but not used: ${found}.`), first];
      draw(`${lines.map(visible).join("\n")}\n`);
    }
    announced = true;

    const percent = Math.floor(100 * doneBytes / Math.max(totalBytes, 1));
    const step = isTerminal ? percent : percent - percent % 25;
    const text = `${stage}ing TensorFlow: ${step} % of ${formatBytes(totalBytes)}`;
    if (text === shown) return;
    shown = text;
    draw(isTerminal ? `\r${text}${percent === 100 ? "\n" : ""}` : `${text}\n`);
  };
}
