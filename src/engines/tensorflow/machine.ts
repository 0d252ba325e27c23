/**
 * What the search for TensorFlow's library needs to know about the machine, behind an interface, so
 * that tests can make one up.
 */
import { dirname, isAbsolute, join } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import { type WheelSet, wheelSet } from "./pins.ts";

/** A machine to search. */
export interface Machine {
  /** As in `Deno.build.os`. */
  readonly os: string;
  /** As in `Deno.build.arch`. */
  readonly arch: string;
  /** An environment variable; undefined if it is empty. */
  readonly env: (name: string) => string | undefined;
  /** The wheels for it; null if none are known. */
  readonly wheels: WheelSet | null;
}

/** The machine that this process runs on. */
export async function thisMachine(): Promise<Machine> {
  const { os, arch } = Deno.build;
  const env = (name: string) => Deno.env.get(name) || undefined;
  return {
    os,
    arch,
    env,
    wheels: wheelSet(os, arch, os === "linux" && await hasNvidiaDriver(env)),
  };
}

/**
 * Whether an NVIDIA driver is running and CUDA_VISIBLE_DEVICES does not hide the GPU. Looks for the
 * driver's device, or for its library under WSL2 and where Deno may not look at devices.
 */
async function hasNvidiaDriver(env: Machine["env"]): Promise<boolean> {
  if (Deno.env.get("CUDA_VISIBLE_DEVICES") === "" || env("CUDA_VISIBLE_DEVICES") === "-1") {
    return false;
  }
  if (await exists("/usr/lib/wsl/lib/libcuda.so.1")) return true;
  try {
    await Deno.stat("/dev/nvidia0");
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) return false;
  }
  const folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/run/opengl-driver/lib"];
  const found = await Promise.all(folders.map((folder) => exists(`${folder}/libcuda.so.1`)));
  return found.includes(true);
}

/** Whether a path exists. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

/** Finds programs on PATH: the first with each name, in the order of the names. */
export async function programs(machine: Machine, names: readonly string[]): Promise<string[]> {
  // A folder relative to the working folder would run whatever program is in there.
  const folders = (machine.env("PATH") ?? "")
    .split(machine.os === "windows" ? ";" : ":")
    .filter(isAbsolute);
  const found: string[] = [];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (!await isProgram(path)) continue;
      found.push(path);
      break;
    }
  }
  return found;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    const info = await Deno.stat(path);
    return info.isFile && ((info.mode ?? 0o111) & 0o111) !== 0;
  } catch {
    return false;
  }
}

/**
 * Whether the disk of a path is mounted `noexec`, so that no library can be loaded from it. False
 * if that is unknown.
 */
export async function isNoexec(path: string): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    const real = await realPathOfExisting(path);
    const lines = (await Deno.readTextFile("/proc/self/mounts")).split("\n");
    let options = "";
    let longest = -1;
    for (const line of lines) {
      const [, escaped = "", , found = ""] = line.split(" ");
      const point = escaped.replace(
        /\\(\d{3})/g,
        (_, code) => String.fromCharCode(parseInt(code, 8)),
      );
      const isAbove = point === "/" || real === point || real.startsWith(`${point}/`);
      // A later mount at the same point hides an earlier one.
      if (isAbove && point.length >= longest) [options, longest] = [found, point.length];
    }
    return options.split(",").includes("noexec");
  } catch {
    return false;
  }
}

/** The message for a folder that no library can be loaded from. */
export function noexecText(folder: string): string {
  return `${folder}: this disk is mounted noexec, so no library can be loaded from it; use ` +
    "another disk (XDG_CACHE_HOME moves the cache, TENSORFLOW_DIR names a library of your own)";
}

/** The real path of a path, or of its nearest parent that exists. */
async function realPathOfExisting(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && dirname(path) !== path) {
      return await realPathOfExisting(dirname(path));
    }
    throw error;
  }
}

/** Whether {@link cacheFolder} has an answer. */
export function hasCacheFolder({ env }: Machine): boolean {
  return env("XDG_CACHE_HOME") !== undefined || env("HOME") !== undefined;
}

/**
 * This project's folder in the user's cache.
 *
 * @throws {UserError} if neither XDG_CACHE_HOME nor HOME is set
 */
export function cacheFolder(machine: Machine): string {
  const name = "alias-free-diffusion";
  const home = machine.env("HOME");
  const own = machine.env("XDG_CACHE_HOME");
  if (own !== undefined) return join(own, name);
  if (home === undefined) {
    throw new UserError(
      "there is no folder for a cache: set XDG_CACHE_HOME or HOME",
    );
  }
  return machine.os === "darwin"
    ? join(home, "Library", "Caches", name)
    : join(home, ".cache", name);
}

/** Formats a number of bytes: `274 MB`, `3.4 GB`. */
export function formatBytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
