/**
 * The folders of runs. An unfinished run has a work folder in `out/.work`, with its checkpoint,
 * previews and drawn images; runs with the same training share it. Finished bundles are in `out`.
 */
import { dirname, join } from "@std/path";
import { exists, removeIfThere, removeLeftovers } from "../files/create.ts";
import { acquireLock, type Lock, LostLockError } from "../files/lock.ts";
import { ownedFolder, requireRegular } from "../files/owned.ts";
import { explainFolder, explainFullDisk } from "../files/results.ts";
import type { Digests } from "../bundle/layout.ts";
import { bundleFiles, openBundle } from "../bundle/open.ts";
import { readBundleDigests, readBundleSpec } from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import { runDigest, specDigest, trainingDigest } from "../spec/mod.ts";

/** The locked work folder of a training. Disposing it releases the lock. */
export interface WorkFolder extends Disposable {
  /** The folder. */
  path: string;
  /** The path of the checkpoint. */
  checkpoint: string;
  /**
   * Throws a LostLockError if another process has taken over the training. Call it before each
   * write, so that no file of the other process is overwritten.
   */
  check(): void;
  /** Removes the folder, once the bundle is complete. */
  remove(): void;
}

/** How to open a work folder. */
export interface OpenWorkFolderOptions {
  /** Receives messages for the person: waiting for a lock, or who else may write there. */
  onMessage?: (text: string) => void;
  /** Stops waiting for another process. */
  signal?: AbortSignal | undefined;
}

/** The work folder of a training. */
export function workPath(out: string, trainingKey: string): string {
  return join(out, ".work", trainingKey.slice(0, 16));
}

/** The checkpoint's path in the work folder of a training. */
export function checkpointPath(out: string, trainingKey: string): string {
  return join(workPath(out, trainingKey), "checkpoint.safetensors");
}

/**
 * Opens and locks the work folder of a training.
 *
 * @param name what the lock is for, as it appears in messages to other processes
 * @throws UserError if another process works there, or if the folder belongs to somebody else
 */
export async function openWorkFolder(
  out: string,
  trainingKey: string,
  name: string,
  { onMessage = () => {}, signal }: OpenWorkFolderOptions = {},
): Promise<WorkFolder> {
  const path = workPath(out, trainingKey);
  const options = { advice: "choose another folder with --out FOLDER" };
  let lock: Lock | null = null;
  try {
    const warning = ownedFolder(dirname(path), options);
    if (warning !== null) onMessage(warning);
    lock = await acquireLock(`${path}.lock`, name, { onWait: onMessage, signal });
    ownedFolder(path, options);
    requireRegular(path, options.advice);
    const checkpoint = checkpointPath(out, trainingKey);
    removeLeftovers(checkpoint);
    return workFolder(path, checkpoint, lock);
  } catch (error) {
    lock?.release();
    throw explainFolder(explainFullDisk(error, out), out);
  }
}

function workFolder(path: string, checkpoint: string, lock: Lock): WorkFolder {
  return {
    path,
    checkpoint,
    check: () => lock.check(),
    remove() {
      try {
        lock.check();
      } catch (error) {
        // The bundle is complete, and the folder now belongs to another process.
        if (error instanceof LostLockError) return;
        throw error;
      }
      removeIfThere(path);
    },
    [Symbol.dispose]: () => lock.release(),
  };
}

/**
 * The path itself, or, if it exists, the path followed by the first free number from 2.
 */
export function freePath(path: string): string {
  for (let number = 2, free = path;; free = `${path}-${number++}`) if (!exists(free)) return free;
}

/**
 * Finds the finished bundle of a run in `out`, or null. Its manifests, file sizes and digests are
 * checked.
 *
 * @throws UserError if the bundle with that digest is damaged; the run is not repeated next to it
 */
export function findBundle(out: string, run: string): string | null {
  return findChecked(out, (digests) => digests.run === run, run);
}

/**
 * Finds a finished bundle of a training, with the same checks as {@link findBundle}, or null. The
 * model's bytes are checked when they are read (`openBundle`).
 */
export function findTrained(out: string, training: string): string | null {
  return findChecked(out, (digests) => digests.training === training);
}

/** Finds and checks the first bundle whose digests match or whose folder is named after the run. */
function findChecked(
  out: string,
  fits: (digests: Digests) => boolean,
  run?: string,
): string | null {
  const ofRun = run === undefined ? null : new RegExp(`-${run.slice(0, 12)}(-\\d+)?$`);
  for (const path of folders(out)) {
    const digests = readClaimedDigests(path);
    // A bundle that lost its files still has the run's digits in its name.
    const isNamed = digests === null && ofRun !== null && ofRun.test(path) &&
      exists(join(path, "bagit.txt"));
    if (!isNamed && !(digests && digests.parent === undefined && fits(digests))) continue;
    requireConsistent(path);
    return path;
  }
  return null;
}

/** Refuses a damaged bundle, and one whose digests do not match its spec. */
function requireConsistent(path: string): void {
  const advice = "Restore what is missing, or move the folder away and repeat the command";
  try {
    const bundle = openBundle(path);
    const { spec, data, method, from, run, training } = readBundleDigests(bundle);
    const resolved = readBundleSpec(bundle);
    const own = specDigest(resolved);
    const ofTraining = runDigest(trainingDigest(resolved), data, method, from);
    if (
      own !== spec || runDigest(own, data, method, from) !== run ||
      training !== undefined && training !== ofTraining
    ) throw new UserError(`${path}: its digests do not match its spec`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${error.message}\n${path} is the bundle of a finished run. ${advice}`);
  }
}

/** The folders in `out` by name, including links: a bundle may have been moved to another disk. */
function folders(out: string): string[] {
  try {
    return [...Deno.readDirSync(out)].filter(({ name }) => !name.startsWith("."))
      .map(({ name }) => join(out, name)).filter(isFolder).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw explainFolder(error, out);
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // A broken link.
  }
}

/** The digests that a bundle claims, unchecked; null if the folder is not a bundle. */
function readClaimedDigests(path: string): Digests | null {
  try {
    return readBundleDigests(bundleFiles(path));
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
