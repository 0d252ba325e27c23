/**
 * Locks between processes: one works, the other is told who does. The lock is the operating
 * system's (flock), which a killed owner loses with its life, so nothing has to be cleaned up and
 * no clock or process table is asked.
 */
import { dirname } from "@std/path";
import { UserError } from "../errors.ts";
import { exists, openRegular } from "./create.ts";

/** Says that another process, or this one, holds a lock. */
export class LockedError extends UserError {}

/** A held lock. */
export interface Lock extends Disposable {
  /** Lets go, so that another process can work. Harmless when repeated. */
  release(): void;
}

/** Who holds a lock, for messages; null where the file does not say. */
function owner(path: string): string | null {
  try {
    const { pid, host, since } = JSON.parse(Deno.readTextFileSync(path));
    return `process ${Number(pid)} on ${String(host).slice(0, 64)}, since ${
      String(since).slice(0, 32)
    }`;
  } catch {
    return null; // It is being written at this moment, or was removed.
  }
}

function sameFile(file: Deno.FsFile, path: string): boolean {
  try {
    const held = file.statSync();
    const there = Deno.statSync(path);
    // Where the system has no inodes (null), files that are locked cannot be removed either.
    return held.ino === there.ino && held.dev === there.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function hostname(): string {
  try {
    return Deno.hostname();
  } catch {
    return "this machine"; // No permission to ask; the name only helps people.
  }
}

/** The lock's file, made where there is none; null where others made or removed it meanwhile. */
function openLock(path: string): Deno.FsFile | null {
  try {
    return exists(path)
      ? openRegular(path, { read: true, write: true })
      : Deno.openSync(path, { read: true, write: true, createNew: true });
  } catch (error) {
    const isRaced = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.AlreadyExists;
    if (isRaced && exists(dirname(path))) return null;
    throw error;
  }
}

/**
 * Takes the lock that a file stands for, or says who has it.
 *
 * @param path the lock's own file; it is made, and removed when the lock is let go
 * @param what is locked, for the message: "this run"
 * @throws LockedError when another process, or this one, holds it
 */
export function acquireLock(path: string, what = path): Lock {
  for (;;) {
    const file = openLock(path);
    if (file === null) continue;
    let held = false;
    try {
      if (!file.tryLockSync(true)) {
        throw new LockedError(
          `${what}: ${
            owner(path) ?? "another process"
          } works on it; wait until it ends, or end it (${path})`,
        );
      }
      // Between opening and locking, the owner before may have removed the file: then we hold a
      // lock that nobody sees.
      if (!sameFile(file, path)) continue;
      const text = JSON.stringify({
        pid: Deno.pid,
        host: hostname(),
        since: new Date().toISOString(),
      });
      file.truncateSync();
      file.writeSync(new TextEncoder().encode(text + "\n"));
      held = true;
    } finally {
      if (!held) file.close();
    }
    const release = () => {
      if (!held) return;
      held = false;
      try {
        // Removed before it is let go: whoever locks afterwards sees that its file is no longer the
        // one at the path.
        if (Deno.build.os !== "windows") Deno.removeSync(path);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      } finally {
        file.close();
      }
    };
    return { release, [Symbol.dispose]: release };
  }
}
