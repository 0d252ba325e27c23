/** The files of a lock: how they are called, what they say, what they show of their holder. */
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
  /** Number of the disk, as the holder's machine counts. */
  disk: z.number(),
  since: word,
  /** Tells this holding from every other. */
  token: word,
  /** Whether the holder has the operating system's lock, and it keeps others out. */
  flock: z.boolean(),
});

/** What a lock's file says. */
export type Holder = Readonly<z.infer<typeof form>>;

/** The file of a number. */
export function lockFile(path: string, number: number): string {
  return `${path}-${number}`;
}

/** The numbers of all files of a lock; none where their folder is gone. */
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

/** The highest of them; 0 where there is none. */
export function newestNumber(path: string): number {
  return Math.max(0, ...numbersOf(path));
}

/** What a lock's file shows at this moment. */
export interface Sight {
  /** All that it says; the same as before, where the holder gave no sign. */
  text: string;
  /** Null where it is being written at this moment. */
  holder: Holder | null;
  /** Whether somebody has the operating system's lock on it. */
  isLocked: boolean;
}

/**
 * Looks at a lock's file.
 *
 * @returns `dead` where its holder certainly is, or has let go
 */
export function look(path: string): Sight | "dead" {
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

/** Who holds the lock of a file; null where there is none, or it does not say. */
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
    if (Deno.build.os === "windows") return ""; // There nobody can read what is locked.
    throw error;
  }
}

/** Of the first line, behind which stands the heartbeat. */
function holderOf(text: string): Holder | null {
  try {
    return form.safeParse(JSON.parse(text.split("\n", 1)[0] ?? "")).data ?? null;
  } catch {
    return null; // It is being written at this moment.
  }
}
