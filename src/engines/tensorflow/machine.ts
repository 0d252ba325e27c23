/**
 * What the search for TensorFlow's library wants to know about the machine. Kept apart so that
 * tests can make one up.
 */
import { dirname, isAbsolute, join } from "@std/path";
import { UserError } from "../../messages/errors.ts";
import { type WheelSet, wheelSet } from "./pins.ts";

/** The machine, as far as the search looks at it. */
export interface Machine {
  /** As in `Deno.build.os`. */
  readonly os: string;
  /** As in `Deno.build.arch`. */
  readonly arch: string;
  /** An environment variable; an empty one counts as absent. */
  readonly env: (name: string) => string | undefined;
  /** What would be fetched for it, null where nothing is known to fit. */
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
 * Whether an NVIDIA driver is at work and not hidden by CUDA_VISIBLE_DEVICES: its device (WSL2's is
 * called dxg, with the driver's library beside), or, where Deno has no permission for devices, the
 * driver's library.
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
  return (await Promise.all(folders.map((folder) => exists(`${folder}/libcuda.so.1`)))).some((
    found,
  ) => found);
}

/** Whether something lies at a path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

/** The programs of the given names on PATH, each once, in the order of the names. */
export async function programs(machine: Machine, names: readonly string[]): Promise<string[]> {
  const folders = (machine.env("PATH") ?? "").split(machine.os === "windows" ? ";" : ":").filter((
    folder,
  ) => folder !== "");
  const found: string[] = [];
  for (const name of names) {
    for (const folder of folders) {
      // One that counts from the working folder would run whatever lies there.
      if (!isAbsolute(folder)) continue;
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
 * Whether the disk of a path is mounted so that no library can be loaded from it (noexec); false
 * where that cannot be told.
 */
export async function isNoexec(path: string): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    const real = await realPathOfNearest(path);
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
      // A later mount at the same place hides the one before.
      if (isAbove && point.length >= longest) [options, longest] = [found, point.length];
    }
    return options.split(",").includes("noexec");
  } catch {
    return false;
  }
}

/** What to say of a folder from which nothing can be loaded. */
export function noexecText(folder: string): string {
  return `${folder}: this disk is mounted noexec, so that no library can be loaded from it; take ` +
    "another disk (XDG_CACHE_HOME moves the cache, TENSORFLOW_DIR names a library of your own)";
}

async function realPathOfNearest(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && dirname(path) !== path) {
      return await realPathOfNearest(dirname(path));
    }
    throw error;
  }
}

/** Whether the machine names a place for a cache. */
export function hasCacheFolder({ env }: Machine): boolean {
  return env("XDG_CACHE_HOME") !== undefined || env("HOME") !== undefined;
}

/**
 * The folder of this project in the person's cache.
 *
 * @throws {UserError} where the machine names no home
 */
export function cacheFolder(machine: Machine): string {
  const name = "alias-free-diffusion";
  const home = machine.env("HOME");
  const own = machine.env("XDG_CACHE_HOME");
  if (own !== undefined) return join(own, name);
  if (home === undefined) {
    throw new UserError(
      "there is no place for a cache: neither XDG_CACHE_HOME nor HOME is set. Set one of them.",
    );
  }
  return machine.os === "darwin"
    ? join(home, "Library", "Caches", name)
    : join(home, ".cache", name);
}

/** Bytes for people: `274 MB`, `3.4 GB`. */
export function formatBytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
