/**
 * What a run keeps while it is under way: a folder in `out/.work` for each training, which runs
 * that differ only in sampling share, with the checkpoint, the previews and the images drawn so
 * far; and the finished bundles in `out`.
 */
import { dirname, join } from "@std/path";
import { exists, removeLeftovers } from "../files/create.ts";
import { acquireLock, type Lock } from "../files/lock.ts";
import { type Digests, files } from "../bundle/layout.ts";
import { UserError } from "../errors.ts";

/** A run's place of work. */
export interface Work {
  /** The folder. */
  path: string;
  /** The checkpoint's file. */
  checkpoint: string;
  /** Removes the folder, when the bundle is whole. */
  remove(): void;
  /** Lets other processes work on the training. */
  release(): void;
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
 * works there.
 */
export function openWork(out: string, trainingKey: string, what: string): Work {
  const path = workPath(out, trainingKey);
  let lock: Lock;
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    lock = acquireLock(`${path}.lock`, what);
    Deno.mkdirSync(path, { recursive: true });
  } catch (error) {
    throw explainFolder(explainFullDisk(error, out), out);
  }
  const checkpoint = checkpointPath(out, trainingKey);
  removeLeftovers(checkpoint);
  return {
    path,
    checkpoint,
    remove: () => Deno.removeSync(path, { recursive: true }),
    release: () => lock.release(),
  };
}

/** Turns what a full disk says into what a person can do about it. */
export function explainFullDisk(error: unknown, folder: string): unknown {
  if (!(error instanceof Error && /os error 28\b/.test(error.message))) return error;
  return new UserError(
    `${folder}: the disk is full. Make room and give the same command again: it goes on where it last saved`,
  );
}

/** Turns the file system's refusal into what a person can do about it. */
export function explainFolder(error: unknown, folder: string): unknown {
  const reasons: [new (...args: never[]) => Error, string][] = [
    [Deno.errors.PermissionDenied, "it may not be written to"],
    [Deno.errors.NotADirectory, "a part of its path is a file"],
    [Deno.errors.AlreadyExists, "it is a file"],
  ];
  for (const [kind, reason] of reasons) {
    if (error instanceof kind) {
      return new UserError(`${folder}: ${reason}; say --out FOLDER for another place`);
    }
  }
  if (error instanceof Error && /os error 30/.test(error.message)) {
    return new UserError(
      `${folder}: it is on a disk that is read-only; say --out FOLDER for another place`,
    );
  }
  return error;
}

/**
 * The path, or where something is there already, the path with the first free number from 2 behind
 * it.
 */
export function freePath(path: string): string {
  for (let number = 2, free = path;; free = `${path}-${number++}`) if (!exists(free)) return free;
}

/** The finished bundle of a run in `out`, or null. */
export function findBundle(out: string, run: string): string | null {
  return bundles(out).find(({ digests }) => digests.run === run && digests.parent === undefined)
    ?.path ?? null;
}

/** A finished bundle whose model came from the same training, or null. */
export function findTrained(out: string, training: string): string | null {
  return bundles(out).find(({ digests }) =>
    digests.training === training && digests.parent === undefined
  )?.path ??
    null;
}

/** The bundles in a folder, with what they say of themselves. */
export function bundles(out: string): { path: string; digests: Digests }[] {
  let names: string[];
  try {
    names = [...Deno.readDirSync(out)].filter((entry) =>
      entry.isDirectory && !entry.name.startsWith(".")
    )
      .map((entry) => entry.name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw explainFolder(error, out);
  }
  return names.flatMap((name) => {
    const path = join(out, name);
    try {
      return [{
        path,
        digests: JSON.parse(Deno.readTextFileSync(join(path, "data", files.digests))) as Digests,
      }];
    } catch {
      return []; // No bundle, or one that `verify` would refuse: not one to build on.
    }
  });
}
