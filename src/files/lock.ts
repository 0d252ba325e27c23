/**
 * Locks between processes: one works, the other is told who does.
 *
 * A lock is a file `PATH-1`, created exclusively, that says who holds it. Whether the holder lives
 * is told in two ways, for no file system offers one that always works:
 *
 * - The operating system's lock on the file (flock), which a killed holder loses with its life. It
 *   is believed on the same machine and disk alone, and only after a try has shown that it keeps
 *   others out: Lustre and some FUSE disks have none, on others it always succeeds.
 * - A heartbeat: the holder writes into its file every few seconds. One whose file stands still for
 *   a minute is dead. The file is watched by the observer's own timer; clocks are not compared.
 *
 * Whoever finds the holder dead creates `PATH-2`, exclusively too, so that of several one gets it.
 * The file with the highest number is the lock. A holder that was only asleep sees the other's file
 * before it writes anything, by {@link Lock.check}.
 */
import { UserError } from "../errors.ts";
import { exists, removeIfThere, writeAll } from "./create.ts";
import { tryFlock } from "./flock.ts";
import { beatLine, startHeartbeat } from "./heartbeat.ts";
import { hostName, machineId } from "./host.ts";
import { type Holder, holderIn, lockFile, look, newestNumber, numbersOf } from "./lock_file.ts";

/** Says that another process, or this one, holds a lock. */
export class LockedError extends UserError {}

/** Says that a lock that was held was taken over by another process, or removed. */
export class LostLockError extends LockedError {}

/** A held lock. */
export interface Lock extends Disposable {
  /**
   * To be called before each write that the lock protects.
   *
   * @throws LostLockError where another process took it over, or its file is gone
   */
  check(): void;
  /** Lets go, so that another process can work. Harmless when repeated. */
  release(): void;
}

/** How often a holder gives a sign of life, and after what time without one it counts as dead. */
export interface LockTiming {
  readonly beatMs: number;
  readonly staleMs: number;
}

const usual: LockTiming = { beatMs: 5_000, staleMs: 60_000 };

/** Numbers go up by one with each takeover, and begin anew when a lock is let go. */
const mostTakeovers = 999_999_999;

/** How a lock is taken. */
export interface LockOptions {
  /** Is told once that it may take a while: until it is known whether the holder lives. */
  onWait?: ((text: string) => void) | undefined;
  /** Ends the waiting. */
  signal?: AbortSignal | undefined;
  /** Other times, for tests. */
  timing?: LockTiming | undefined;
}

/**
 * Takes the lock that a path stands for, or says who has it. Where the holder may be dead, that
 * takes up to a minute.
 *
 * @param path the lock's files are this with a number behind it; they are removed when it is let go
 * @param what is locked, for the message: "this run"
 * @throws LockedError when another process, or this one, holds it
 */
export async function acquireLock(
  path: string,
  what = path,
  options: LockOptions = {},
): Promise<Lock> {
  for (;;) {
    const newest = newestNumber(path);
    if (newest >= mostTakeovers) {
      throw new UserError(`${lockFile(path, newest)}: this is no lock of ours; remove it`);
    }
    if (newest > 0) await requireDead(lockFile(path, newest), what, options);
    const made = await create(path, newest + 1, options.timing ?? usual);
    if (made === null) continue;

    // Between looking and creating, others may have taken it over, and over again.
    if (newestNumber(path) !== newest + 1) {
      made.release();
      continue;
    }
    for (const number of numbersOf(path)) {
      if (number <= newest) removeIfThere(lockFile(path, number));
    }
    return made;
  }
}

/**
 * Takes a lock as soon as it is free.
 *
 * @param options.onWait is told once that it is not
 */
export async function waitForLock(
  path: string,
  what = path,
  options: LockOptions = {},
): Promise<Lock> {
  let isTold = false;
  for (;;) {
    try {
      return await acquireLock(path, what, { ...options, onWait: undefined });
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
      if (!isTold) options.onWait?.(error.message);
      isTold = true;
      await pause(500, options.signal);
    }
  }
}

/** Returns when a lock's holder is dead or has let go, and throws where it lives. */
async function requireDead(file: string, what: string, options: LockOptions): Promise<void> {
  const { beatMs, staleMs } = options.timing ?? usual;
  const startMs = performance.now();
  let first: string | null = null;
  for (;;) {
    const seen = look(file);
    if (seen === "dead") return;
    if (seen.isLocked || seen.text !== (first ?? seen.text)) {
      throw new LockedError(
        `${what}: ${nameOf(seen.holder)} works on it; wait until it ends, or end it (${file})`,
      );
    }
    if (performance.now() - startMs >= staleMs) return;
    if (first === null) {
      options.onWait?.(
        `${what}: ${nameOf(seen.holder)} works on it, or died; that is known in ` +
          `${Math.ceil(staleMs / 1000)} seconds at most`,
      );
    }
    first = seen.text;
    await pause(beatMs / 2, options.signal);
  }
}

function nameOf(holder: Holder | null): string {
  if (holder === null) return "another process";
  return `process ${holder.pid} on ${holder.host}, since ${holder.since},`;
}

/** Creates a lock's file and holds it; null where another process was faster. */
async function create(path: string, number: number, timing: LockTiming): Promise<Lock | null> {
  const own = lockFile(path, number);
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(own, { read: true, write: true, createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return null;
    throw error;
  }
  try {
    const token = crypto.randomUUID();
    const holder: Holder = {
      pid: Deno.pid,
      host: hostName(),
      machine: machineId(),
      disk: file.statSync().dev,
      since: new Date().toISOString(),
      token,
      flock: await flockOwn(file, own),
    };
    const text = JSON.stringify(holder) + "\n";
    writeAll(file, new TextEncoder().encode(text + beatLine(0)));
    const heartbeat = startHeartbeat({ path: own, text, everyMs: timing.beatMs });
    return holding({ path, number, file, token, heartbeat });
  } catch (error) {
    file.close();
    removeIfThere(own);
    throw error;
  }
}

/** Takes the operating system's lock on a new file, and says whether it keeps others out. */
async function flockOwn(file: Deno.FsFile, path: string): Promise<boolean> {
  // Others who look at the file may have it for a moment.
  for (let attempt = 0; attempt < 50; attempt++) {
    const flock = tryFlock(file, path, "exclusive");
    if (flock !== "refused") return flock === "taken";
    await pause(2);
  }
  return false;
}

interface Held {
  path: string;
  number: number;
  file: Deno.FsFile;
  token: string;
  heartbeat: { stop(): void };
}

function holding({ path, number, file, token, heartbeat }: Held): Lock {
  const own = lockFile(path, number);
  let isHeld = true;
  const release = () => {
    if (!isHeld) return;
    isHeld = false;
    heartbeat.stop();
    try {
      // Another's file under this name is left alone.
      if (isStill(own, token)) removeIfThere(own);
    } finally {
      file.close();
    }
  };
  return {
    check() {
      const newest = newestNumber(path);
      if (isHeld && newest === number && isStill(own, token)) return;
      const other = newest === number ? null : holderIn(lockFile(path, newest));
      throw new LostLockError(lostText(path, other));
    },
    release,
    [Symbol.dispose]: release,
  };
}

/** Whether the file at a path is that of a holding. */
function isStill(path: string, token: string): boolean {
  // Nobody can read what is locked there, but nobody replaces it either.
  if (Deno.build.os === "windows") return exists(path);
  return holderIn(path)?.token === token;
}

function lostText(path: string, other: Holder | null): string {
  const why = other === null
    ? "its lock was removed"
    : `process ${other.pid} on ${other.host} took it over, for this one gave no sign of life`;
  return `${path}: this process does not hold it any more: ${why}. It stops, so that nothing is ` +
    "overwritten; what was saved before is there";
}

/** Waits, or throws the signal's reason. */
function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
