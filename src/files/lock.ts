/**
 * Locks between processes: one works, the others learn who does.
 *
 * A lock is a file `PATH-1`, created exclusively, that says who holds it. Two mechanisms show
 * whether the holder is alive, because no file system offers one that always works:
 *
 * - The operating system's lock on the file (flock), which a holder loses when it is killed. It
 *   counts only on the same machine and disk, and only after a test has shown that it excludes
 *   others: Lustre and some FUSE disks have none, and on others it always succeeds.
 * - A heartbeat: the holder writes to its file every few seconds. If the file has not changed for a
 *   minute, the holder is dead. The observer uses its own timer; no clocks are compared.
 *
 * A process that finds the holder dead creates `PATH-2`, exclusively again, so that only one of
 * several gets it. The file with the highest number is the lock. A holder that was only asleep
 * detects the other's file before it writes anything, through {@link Lock.check}.
 */
import { UserError } from "../messages/errors.ts";
import { exists, removeIfThere, writeAll } from "./create.ts";
import { tryFlock } from "./flock.ts";
import { beatLine, startHeartbeat } from "./heartbeat.ts";
import { hostName, machineId } from "./host.ts";
import { type Holder, holderIn, inspect, lockFile, newestNumber, numbersOf } from "./lock_file.ts";

/** Another process, or this one, already holds the lock. */
export class LockedError extends UserError {}

/** Another process took over a held lock, or the lock was removed. */
export class LostLockError extends LockedError {}

/** A held lock. */
export interface Lock extends Disposable {
  /**
   * Call it before each write that the lock protects.
   *
   * @throws LostLockError if another process took over the lock, or its file is gone
   */
  check(): void;
  /** Releases the lock, so that another process can work. Calling it again does nothing. */
  release(): void;
}

/** How often a holder sends a heartbeat, and how long without one makes it count as dead. */
export interface LockTiming {
  readonly beatMs: number;
  readonly staleMs: number;
}

const defaultTiming: LockTiming = { beatMs: 5_000, staleMs: 60_000 };

/** Numbers increase by one with each takeover, and start over when a lock is released. */
const maxTakeovers = 999_999_999;

/** How to take a lock. */
export interface LockOptions {
  /** Called once if it takes a while to find out whether the holder is alive. */
  onWait?: ((text: string) => void) | undefined;
  /** Stops waiting. */
  signal?: AbortSignal | undefined;
  /** Tests set shorter times. */
  timing?: LockTiming | undefined;
}

/**
 * Takes the lock for a path, or reports who has it. If the holder may be dead, this takes up to a
 * minute.
 *
 * @param path the lock's files add a number to this path; they are removed on release
 * @param what is locked, for messages: "this run"
 * @throws LockedError if another process, or this one, holds it
 */
export async function acquireLock(
  path: string,
  what = path,
  options: LockOptions = {},
): Promise<Lock> {
  for (;;) {
    const newest = newestNumber(path);
    if (newest >= maxTakeovers) {
      throw new UserError(
        `${lockFile(path, newest)}: this is not a lock file of this project; remove it`,
      );
    }
    if (newest > 0) await requireDead(lockFile(path, newest), what, options);
    const lock = await create(path, newest + 1, options.timing ?? defaultTiming);
    if (lock === null) continue;

    // Others may have taken it over in the meantime, even several times.
    if (newestNumber(path) !== newest + 1) {
      lock.release();
      continue;
    }
    for (const number of numbersOf(path)) {
      if (number <= newest) removeIfThere(lockFile(path, number));
    }
    return lock;
  }
}

/**
 * Waits until a lock is free, and takes it.
 *
 * @param options.onWait called once if it is not free
 */
export async function waitForLock(
  path: string,
  what = path,
  options: LockOptions = {},
): Promise<Lock> {
  let hasReported = false;
  for (;;) {
    try {
      return await acquireLock(path, what, { ...options, onWait: undefined });
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
      if (!hasReported) options.onWait?.(error.message);
      hasReported = true;
      await sleep(500, options.signal);
    }
  }
}

/** Returns when a lock's holder is dead or has released it; throws if it is alive. */
async function requireDead(file: string, what: string, options: LockOptions): Promise<void> {
  const { beatMs, staleMs } = options.timing ?? defaultTiming;
  const startMs = performance.now();
  let first: string | null = null;
  for (;;) {
    const state = inspect(file);
    if (state === "dead") return;
    if (state.isLocked || state.text !== (first ?? state.text)) {
      throw new LockedError(
        `${what}: ${workText(state.holder)}; wait for it to finish, or stop it (${file})`,
      );
    }
    if (performance.now() - startMs >= staleMs) return;
    if (first === null) {
      options.onWait?.(
        `${what}: ${workText(state.holder)}, unless it has died; finding out takes at most ` +
          `${Math.ceil(staleMs / 1000)} seconds`,
      );
    }
    first = state.text;
    await sleep(beatMs / 2, options.signal);
  }
}

function workText(holder: Holder | null): string {
  if (holder === null) return "another process is working on it";
  const { pid, host, since } = holder;
  return `process ${pid} on ${host} has been working on it since ${since}`;
}

/** Creates a lock's file and holds it; null if another process was faster. */
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
    return heldLock({ path, number, file, token, heartbeat });
  } catch (error) {
    file.close();
    removeIfThere(own);
    throw error;
  }
}

/** Takes the operating system's lock on a new file, and returns whether it excludes others. */
async function flockOwn(file: Deno.FsFile, path: string): Promise<boolean> {
  // Other processes that inspect the file may hold the lock for a moment.
  for (let attempt = 0; attempt < 50; attempt++) {
    const flock = tryFlock(file, path, "exclusive");
    if (flock !== "refused") return flock === "taken";
    await sleep(2);
  }
  return false;
}

/** What makes up a held lock. */
interface HeldLock {
  path: string;
  number: number;
  file: Deno.FsFile;
  token: string;
  heartbeat: { stop(): void };
}

function heldLock({ path, number, file, token, heartbeat }: HeldLock): Lock {
  const own = lockFile(path, number);
  let isHeld = true;
  const release = () => {
    if (!isHeld) return;
    isHeld = false;
    heartbeat.stop();
    try {
      // Leave a file alone if it belongs to another holder.
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

/** Whether the file at a path still belongs to this holder. */
function isStill(path: string, token: string): boolean {
  // A locked file cannot be read there, but nobody can replace it either.
  if (Deno.build.os === "windows") return exists(path);
  return holderIn(path)?.token === token;
}

function lostText(path: string, other: Holder | null): string {
  const why = other === null
    ? "the lock file was removed"
    : `process ${other.pid} on ${other.host} took it over, because this one sent no heartbeat`;
  return `${path}: this process no longer holds this lock: ${why}. It stops without overwriting ` +
    "anything; everything saved so far is kept";
}

/** Waits, or throws the signal's reason if it is aborted. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
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
