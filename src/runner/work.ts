/**
 * What a run keeps while it is under way: a folder in `out/.work` for each training, which runs
 * that differ only in sampling share, with the checkpoint, the previews and the images drawn so
 * far; and the finished bundles in `out`.
 */
import { dirname, join } from "@std/path";
import { exists, removeIfThere, removeLeftovers } from "../files/create.ts";
import { acquireLock, type Lock, LostLockError } from "../files/lock.ts";
import { ownedFolder, requirePlain } from "../files/owned.ts";
import { explainFolder, explainFullDisk } from "../files/results.ts";
import type { Digests } from "../bundle/layout.ts";
import { bundleFiles, openBundle } from "../bundle/open.ts";
import { readBundleDigests, readBundleSpec } from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import { runDigest, specDigest, trainingDigest } from "../spec/mod.ts";

/** A run's place of work. */
export interface WorkFolder {
  /** The folder. */
  path: string;
  /** The checkpoint's file. */
  checkpoint: string;
  /**
   * To be called before each write: throws a LostLockError where another process took the training
   * over, so that nothing of its is overwritten.
   */
  check(): void;
  /** Removes the folder, when the bundle is whole. */
  remove(): void;
  /** Lets other processes work on the training. */
  release(): void;
}

/** How a place of work is opened. */
export interface OpenWorkFolderOptions {
  /** Is told what the person should know: that it may take a while, or who may write there. */
  say?: (text: string) => void;
  /** Ends the waiting for another process. */
  signal?: AbortSignal | undefined;
}

/** The folder in which a training works. */
export function workPath(out: string, trainingKey: string): string {
  return join(out, ".work", trainingKey.slice(0, 16));
}

/** The file in which a training keeps how far it is. */
export function checkpointPath(out: string, trainingKey: string): string {
  return join(workPath(out, trainingKey), "checkpoint.safetensors");
}

/**
 * Opens the place of work of a training and locks it. Throws a UserError where another process
 * works there, or where the folder is not the person's own.
 */
export async function openWorkFolder(
  out: string,
  trainingKey: string,
  what: string,
  { say = () => {}, signal }: OpenWorkFolderOptions = {},
): Promise<WorkFolder> {
  const path = workPath(out, trainingKey);
  const options = { wayOut: "say --out FOLDER for another place" };
  let lock: Lock | null = null;
  try {
    const open = ownedFolder(dirname(path), options);
    if (open !== null) say(open);
    lock = await acquireLock(`${path}.lock`, what, { onWait: say, signal });
    ownedFolder(path, options);
    requirePlain(path, options.wayOut);
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
        // The bundle is whole; what lies here is another's by now.
        if (error instanceof LostLockError) return;
        throw error;
      }
      removeIfThere(path);
    },
    release: () => lock.release(),
  };
}

/**
 * The path, or where something is there already, the path with the first free number from 2 behind
 * it.
 */
export function freePath(path: string): string {
  for (let number = 2, free = path;; free = `${path}-${number++}`) if (!exists(free)) return free;
}

/**
 * The finished bundle of a run in `out`, or null. What lies there under the run's digest is
 * believed only once its manifests, the sizes, and its digests have been checked.
 *
 * @throws UserError where a bundle of that digest is not whole: nothing is computed beside it
 */
export function findBundle(out: string, run: string): string | null {
  return findChecked(out, (digests) => digests.run === run, run);
}

/**
 * A finished bundle whose model came from the same training, or null; checked as by
 * {@link findBundle}. The model's own bytes are checked when they are read (`openBundle`).
 */
export function findTrained(out: string, training: string): string | null {
  return findChecked(out, (digests) => digests.training === training);
}

/** The first bundle whose digests fit, checked. A folder named after the run fits in any case. */
function findChecked(
  out: string,
  fits: (digests: Digests) => boolean,
  run?: string,
): string | null {
  const ofRun = run === undefined ? null : new RegExp(`-${run.slice(0, 12)}(-\\d+)?$`);
  for (const path of folders(out)) {
    const digests = readClaimedDigests(path);
    // One that lost its files still bears the run's digits in its name.
    const isNamed = digests === null && ofRun !== null && ofRun.test(path) &&
      exists(join(path, "bagit.txt"));
    if (!isNamed && !(digests && digests.parent === undefined && fits(digests))) continue;
    requireConsistent(path);
    return path;
  }
  return null;
}

/** Refuses a bundle that is not whole, or whose digests are not those of its spec. */
function requireConsistent(path: string): void {
  const advice = "bring back what is missing, or move the folder away and give the command again";
  try {
    const bundle = openBundle(path);
    const { spec, data, method, from, run, training } = readBundleDigests(bundle);
    const resolved = readBundleSpec(bundle);
    const own = specDigest(resolved);
    const ofTraining = runDigest(trainingDigest(resolved), data, method, from);
    if (
      own !== spec || runDigest(own, data, method, from) !== run ||
      training !== undefined && training !== ofTraining
    ) throw new UserError(`${path}: its digests are not those of its spec`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${error.message}\n${path} stands for a finished run; ${advice}`);
  }
}

/** The folders in `out`, by name. A link to one counts: a bundle may have moved to another disk. */
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
    return false; // A link that leads nowhere.
  }
}

/** The digests that a folder claims, unchecked; null where it is no bundle. */
function readClaimedDigests(path: string): Digests | null {
  try {
    return readBundleDigests(bundleFiles(path));
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
