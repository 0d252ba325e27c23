/**
 * Finds TensorFlow's C library: in the folder that TENSORFLOW_DIR names, in our cache, in the
 * person's own Python, or fetches it by pip. Nothing here opens it.
 */
import { dirname, join } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import { isWhole, requireOwnCache } from "./cache.ts";
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
import { TENSORFLOW_VERSION, type Wheel, type WheelSet } from "./pins.ts";
import { findPip, installedTensorFlows } from "./python.ts";
import { draw, printBeside, visible } from "../../messages/terminal.ts";

export type { FetchProgress } from "./fetch.ts";
export { TENSORFLOW_VERSION } from "./pins.ts";

/** Where TensorFlow's two libraries lie. */
export interface TensorFlowLibrary {
  /** The folder of both. */
  readonly directory: string;
  /** The library of operations: `libtensorflow_cc`. */
  readonly cc: string;
  /** The library of the framework, which the other needs: `libtensorflow_framework`. */
  readonly framework: string;
  /** Its version; null where TENSORFLOW_DIR names a folder, which may hold any. */
  readonly version: string | null;
  /** How it was found. */
  readonly source: "TENSORFLOW_DIR" | "python" | "cache" | "download";
  /** Whether NVIDIA's libraries lie beside it, where its GPU build looks for them. */
  readonly gpu: boolean;
  /** The wheels that it was unpacked from; none where it was not fetched by this project. */
  readonly wheels: readonly Wheel[];
  /** What was found and not taken, each with the reason. */
  readonly passedOver: readonly string[];
}

/** Says that the library would be fetched now, and must not be. */
export class NotFetchedError extends UserError {}

/** How the library is looked for. */
export interface FindLibraryOptions {
  /** Fetch it where this machine has none; default true. */
  download?: boolean;
  /** Is told how far fetching is; by default a line on stderr shows it. */
  onProgress?: (progress: FetchProgress) => void;
  /** The machine, for tests; default this one. */
  machine?: Machine;
}

/**
 * Finds TensorFlow's library, and fetches it where there is none.
 *
 * @throws {UserError} where there is none and it cannot be fetched, or must not (`download:
 *   false`); the message tells the ways out
 */
export async function findLibrary(options: FindLibraryOptions = {}): Promise<TensorFlowLibrary> {
  const machine = options.machine ?? await thisMachine();
  const own = machine.env("TENSORFLOW_DIR");
  if (own !== undefined) return await namedFolder(own);
  if (machine.os === "windows") throw new UserError(windowsMessage);
  const cached = await cachedLibrary(machine);
  if (cached !== null) return cached;
  const passedOver: string[] = [];
  for (const { name, version, directory, python } of await installedTensorFlows(machine)) {
    const libraries = await librariesIn(directory);
    if (version === TENSORFLOW_VERSION && libraries !== null) {
      return await describe(libraries, version, "python", passedOver);
    }
    const reason = version !== TENSORFLOW_VERSION
      ? `is not ${TENSORFLOW_VERSION}`
      : "lacks its libraries";
    passedOver.push(`${name} ${version} of ${python} ${reason}`);
  }
  const set = machine.wheels;
  if (set === null) {
    throw new UserError(waysOut(machine, passedOver, "TensorFlow publishes no library for it"));
  }
  const cache = cacheFolder(machine);
  await requireLoadable(cache);
  if (options.download === false) await explainAbsence(machine, set, passedOver);
  const report = options.onProgress ?? progressLine(announcement(set, cache), passedOver);
  try {
    const fetched = await fetchLibrary(machine, set, cache, report);
    return await inCache(fetched, "download", set.wheels, passedOver);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const hasPip = !(error instanceof NoPipError);
    throw new UserError(waysOut(machine, passedOver, error.message, hasPip));
  }
}

/** What an earlier run fetched, or null; no program is asked for it. */
async function cachedLibrary(machine: Machine): Promise<TensorFlowLibrary | null> {
  const set = machine.wheels;
  if (set === null || !hasCacheFolder(machine)) return null;
  const cache = cacheFolder(machine);
  const folder = join(cache, set.key);
  if (!await exists(folder)) return null;
  for (const path of [cache, folder]) {
    const open = requireOwnCache(path);
    if (open !== null) printBeside(open);
  }
  if (!await isWhole(folder, set)) return null;
  await requireLoadable(cache);
  return await inCache(folder, "cache", set.wheels, []);
}

async function requireLoadable(cache: string): Promise<void> {
  if (await isNoexec(cache)) throw new UserError(noexecText(cache));
}

/** Says how the library would be fetched, where that is not wanted now. */
async function explainAbsence(
  machine: Machine,
  set: WheelSet,
  passedOver: readonly string[],
): Promise<never> {
  const pip = await findPip(machine);
  const bytes = set.wheels.reduce((sum, wheel) => sum + wheel.bytes, 0);
  if (pip.command === null) {
    throw new UserError(waysOut(machine, passedOver, noPipText(pip.tried), false));
  }
  const reason = `it is fetched by pip (${formatBytes(bytes)}) when a run first needs it`;
  throw new NotFetchedError(waysOut(machine, passedOver, reason));
}

async function inCache(
  folder: string,
  source: "cache" | "download",
  wheels: readonly Wheel[],
  passedOver: string[],
): Promise<TensorFlowLibrary> {
  const libraries = await librariesIn(join(folder, "tensorflow"));
  if (libraries === null) {
    throw new Error(`${folder} lacks TensorFlow's libraries although its manifest names them.`);
  }
  return { ...await describe(libraries, TENSORFLOW_VERSION, source, passedOver), wheels };
}

async function describe(
  libraries: { cc: string; framework: string },
  version: string | null,
  source: TensorFlowLibrary["source"],
  passedOver: readonly string[],
): Promise<TensorFlowLibrary> {
  const directory = dirname(libraries.cc);
  const gpu = await exists(join(directory, "..", "nvidia", "cudnn"));
  return { directory, ...libraries, version, source, gpu, wheels: [], passedOver };
}

async function namedFolder(directory: string): Promise<TensorFlowLibrary> {
  const libraries = await librariesIn(directory);
  if (libraries !== null) return await describe(libraries, null, "TENSORFLOW_DIR", []);
  const below = join(directory, "tensorflow");
  const hint = await librariesIn(below) !== null ? ` Did you mean ${below}?` : "";
  throw new UserError(
    `TENSORFLOW_DIR is ${directory}, which does not hold libtensorflow_cc and libtensorflow_framework.${hint} ` +
      "Name the folder with both, or unset it.",
  );
}

/** The two libraries in a folder, by the names of Linux and macOS; null unless both are there. */
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
  "TensorFlow has no library for Windows. Use the engine webgpu here, or run this project under " +
  "WSL2, where the engine tensorflow works as on Linux.";

function waysOut(
  machine: Machine,
  passedOver: readonly string[],
  reason: string,
  hasPip = true,
): string {
  const lines = [
    `TensorFlow's library is not on this machine (${machine.os} ${machine.arch}): ${reason}.`,
    ...passedOver.map((found) => `Passed over: ${found}.`),
    "What helps:",
  ];
  if (machine.wheels !== null) {
    const name = machine.wheels.gpu
      ? "tensorflow[and-cuda]"
      : machine.wheels.wheels[0]?.name ?? "tensorflow";
    lines.push(
      ...(hasPip
        ? [
          "- let pip reach its package index (also through a mirror that pip is configured for)",
          `- install it yourself: python3 -m pip install "${name}==${TENSORFLOW_VERSION}"`,
        ]
        : ["- give a Python on PATH its pip (Debian and Ubuntu: apt install python3-pip)"]),
    );
  }
  lines.push(
    "- set TENSORFLOW_DIR to a folder with libtensorflow_cc and libtensorflow_framework",
    "- use another engine: webgpu (a GPU that Deno reaches) or cpu (slow)",
  );
  return lines.join("\n");
}

/** Shows fetching on stderr: one line that grows on a terminal, else one now and then. */
function progressLine(
  first: string,
  passedOver: readonly string[],
): (progress: FetchProgress) => void {
  const terminal = Deno.stderr.isTerminal();
  const doing = { wait: "", download: "downloading", unpack: "unpacking" };
  let shown = "";
  let announced = false;
  return ({ stage, doneBytes, totalBytes }) => {
    if (stage === "wait") return draw("Another process is fetching TensorFlow; waiting for it.\n");
    if (!announced) {
      const lines = [...passedOver.map((found) => `${found}: passed over.`), first].map(visible);
      draw(`${lines.join("\n")}\n`);
    }
    announced = true;
    const percent = Math.floor(100 * doneBytes / Math.max(totalBytes, 1));
    const step = terminal ? percent : percent - percent % 25;
    const doneLine = `${doing[stage]} TensorFlow: ${step} % of ${formatBytes(totalBytes)}`;
    if (doneLine === shown) return;
    shown = doneLine;
    draw(terminal ? `\r${doneLine}${percent === 100 ? "\n" : ""}` : `${doneLine}\n`);
  };
}
