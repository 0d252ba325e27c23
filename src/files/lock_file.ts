/** The files of a lock: their names, their content, and what they reveal about the holder. */
import { basename, dirname } from "@std/path";
import { z } from "zod";
import { openRegular } from "./create.ts";
import { tryFlock } from "./flock.ts";
import { machineId } from "./host.ts";

const word = z.string().max(64);

const form = z.object({
  pid: z.int(),
  host: word,
  /** See {@link machineId}. */
  machine: word.nullable(),
  /** The disk's number on the holder's machine. */
  disk: z.number(),
  since: word,
  /** Unique for each time a lock is held. */
  token: word,
  /** Whether the holder has the operating system's lock, and it excludes others. */
  flock: z.boolean(),
});

/** The content of a lock's file. */
export type Holder = Readonly<z.infer<typeof form>>;

/** The path of the file with a number. */
export function lockFile(path: string, number: number): string {
  return `${path}-${number}`;
}

/** The numbers of all files of a lock; empty if their folder is gone. */
export function numbersOf(path: string): number[] {
  const start = `${basename(path)}-`;
  try {
    return [...Deno.readDirSync(dirname(path))].flatMap(({ name }) => {
      const number = name.startsWith(start) ? name.slice(start.length) : "";
      return /^[1-9]\d{0,8}$/.test(number) ? [Number(number)] : [];
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The highest number; 0 if there is no file. */
export function newestNumber(path: string): number {
  return Math.max(0, ...numbersOf(path));
}

/** The current state of a lock's file. */
export interface LockState {
  /** Its whole content, which changes with each heartbeat. */
  text: string;
  /** Null while it is being written. */
  holder: Holder | null;
  /** Whether any process has the operating system's lock on it. */
  isLocked: boolean;
}

/**
 * Inspects a lock's file.
 *
 * @returns `dead` if its holder is certainly dead, or has released the lock
 */
export function inspect(path: string): LockState | "dead" {
  let file: Deno.FsFile;
  try {
    file = openRegular(path, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "dead";
    throw error;
  }
  try {
    const flock = tryFlock(file, path, "shared");
    const text = readText(file);
    const holder = holderOf(text);
    const decides = holder?.flock && holder.machine !== null && holder.machine === machineId() &&
      holder.disk === file.statSync().dev;
    if (flock === "taken" && decides) return "dead";
    return { text, holder, isLocked: flock === "refused" };
  } finally {
    file.close();
  }
}

/** The holder according to a lock's file; null if there is no file, or it does not say. */
export function holderIn(path: string): Holder | null {
  try {
    using file = openRegular(path, { read: true });
    return holderOf(readText(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function readText(file: Deno.FsFile): string {
  const bytes = new Uint8Array(4096);
  try {
    return new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0));
  } catch (error) {
    if (Deno.build.os === "windows") return ""; // A locked file cannot be read there.
    throw error;
  }
}

/** Reads the first line; the heartbeat follows it. */
function holderOf(text: string): Holder | null {
  try {
    return form.safeParse(JSON.parse(text.split("\n", 1)[0] ?? "")).data ?? null;
  } catch {
    return null; // It is being written at this moment.
  }
}
