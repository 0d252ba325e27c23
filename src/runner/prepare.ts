/**
 * Prepares a run, real or dry: finds out which run it is, which parts of it exist, and whether
 * anything would stop it. Cheap checks come first, and all checks come before training.
 */
import { join } from "@std/path";
import { bundleName } from "../bundle/bag.ts";
import type { Digests } from "../bundle/layout.ts";
import { type Dataset, loadDataset } from "../datasets/mod.ts";
import type { Engine } from "../engines/mod.ts";
import { UserError } from "../messages/errors.ts";
import { exists } from "../files/create.ts";
import {
  METHOD_VERSION,
  type ResolvedSpec,
  runDigest,
  specDigest,
  specName,
  trainingDigest,
  withoutPlaces,
} from "../spec/mod.ts";
import { type Checkpoint, readCheckpoint } from "../training/checkpoint.ts";
import { requireMemory } from "./memory.ts";
import { enginePlatform, platformName } from "./platform.ts";
import type { Progress } from "../messages/progress.ts";
import { requireSpace, spaceFor } from "./space.ts";
import { findParent, type Parent, readStart, readTrained, type TrainedModel } from "./trained.ts";
import { checkpointPath, findBundle, findTrained, freePath, workPath } from "./work.ts";

/** What identifies a run in addition to its spec, and where to look for it. */
export interface PrepareOptions {
  /** The folder of the bundles. */
  out: string;
  /** The folder of the datasets; default `data`. */
  dataRoot?: string | undefined;
  /** Leave out unreadable images. */
  skipBad?: boolean | undefined;
  /** Cache the decoded images; default true. */
  keep?: boolean | undefined;
  /** The spec's file, which names the bundle. */
  source?: { path: string } | undefined;
  /** Make a second bundle next to a finished one, without reusing a trained model. */
  again?: boolean | undefined;
  /** The digests that the run must have: those of the bundle to reproduce. */
  expected?: Digests | undefined;
  /** Shows the progress of reading images. */
  progress?: Progress | undefined;
}

/** A run whose inputs are known. */
export interface Prepared {
  /** The spec as the bundle will hold it: without local paths, and with the parent's digest. */
  spec: ResolvedSpec;
  dataset: Dataset;
  digests: Digests & { training: string };
  /** The bundle that the training continues from, or null. */
  parent: Parent | null;
  /** The finished bundle of this run, or null. */
  finished: string | null;
  /** A finished bundle of the same training, and its model, which is reused; or null. */
  shared: { path: string; model: TrainedModel } | null;
  /** The state that the training starts with if it continues from a bundle. */
  start: TrainedModel | null;
  /** Where the bundle will be written. */
  path: string;
}

/**
 * Computes the digests of a run.
 *
 * @param data digest of its images
 * @param parent digest of the bundle that it continues from
 */
export function digestsOf(
  spec: ResolvedSpec,
  data: string,
  parent: string | undefined,
): Prepared["digests"] {
  const digest = specDigest(spec);
  return {
    spec: digest,
    data,
    run: runDigest(digest, data, METHOD_VERSION, parent),
    training: runDigest(trainingDigest(spec), data, METHOD_VERSION, parent),
    method: METHOD_VERSION,
    ...(parent ? { from: parent } : {}),
  };
}

/**
 * Finds out which run a spec stands for here, and which parts of it exist.
 *
 * @throws UserError for anything that would stop the run, as far as this is known without an engine
 */
export async function prepareRun(given: ResolvedSpec, options: PrepareOptions): Promise<Prepared> {
  const { out, again = false, progress } = options;
  const parent = findParent(given, [out]);
  // Check the parent before reading images, which takes longer.
  let start = parent?.path ? await readStart(parent.path, given) : null;
  const dataset = await loadDataset(given, {
    dataRoot: options.dataRoot,
    skipBad: options.skipBad,
    keep: options.keep,
    onProgress: (done, all) => progress?.update(done, { of: all }),
  });
  const digests = digestsOf(given, dataset.digest, parent?.digest);
  if (options.expected) requireExpected(digests, options.expected);
  const spec = withoutPlaces(given, parent?.digest ?? null);
  const name = join(out, bundleName(options.source?.path ?? specName(spec), digests.run));
  const finished = again ? null : findBundle(out, digests.run);
  const path = finished ?? (again ? freePath(name) : name);
  if (finished) return { spec, dataset, digests, parent, finished, shared: null, start, path };
  requireFreePath(path);
  const shared = again ? null : await findShared(out, digests.training);
  if (shared) start = null;
  else if (parent && parent.path === null) throw noParent(parent.digest, out);
  return { spec, dataset, digests, parent, finished, shared, start, path };
}

/** Finds a finished bundle of the training, and reads its model, checking its bytes. */
async function findShared(out: string, training: string): Promise<Prepared["shared"]> {
  const path = findTrained(out, training);
  if (path === null) return null;
  try {
    return { path, model: await readTrained(path) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `${error.message}\nThe run would reuse the model of ${path}, which has the same training. ` +
        "Restore what is missing, or move the folder away and repeat the command",
    );
  }
}

function noParent(digest: string, out: string): UserError {
  return new UserError(
    `training.from: no bundle in ${out} has the digest ${digest}. Name its folder: ` +
      "training.from=FOLDER for `run`, --from FOLDER for `reproduce`",
  );
}

/** Refuses a run whose bundle could not be moved to its path at the end. */
function requireFreePath(path: string): void {
  if (!exists(path)) return;
  throw new UserError(
    `${path}: this exists, but is not the finished bundle of this run; move it away, or choose ` +
      "another folder with --out FOLDER",
  );
}

/**
 * Refuses to reproduce a bundle with different data, or with a release that computes something else
 * on purpose.
 */
function requireExpected(digests: Digests, expected: Digests): void {
  const reasons: [keyof Digests, string][] = [
    [
      "method",
      "it was made by another version of the method; use the release that provenance.json names",
    ],
    [
      "spec",
      "this release resolves its spec differently; use the release that provenance.json names",
    ],
    [
      "data",
      "the images here differ from those it was made from; give the folder of the datasets with " +
      "--data FOLDER, or the folder of this run's images with --path FOLDER",
    ],
    [
      "from",
      "the bundle here is not the one it was trained from; give that one with --from FOLDER",
    ],
    ["run", "its digests do not match its spec and images"],
  ];
  for (const [field, reason] of reasons) {
    if (digests[field] === expected[field]) continue;
    throw new UserError(
      `the bundle cannot be reproduced: ${reason} ` +
        `(${field} ${expected[field]}, here ${digests[field]})`,
    );
  }
}

/** Reads the checkpoint of a run's training, or returns null. */
export function checkpointOf({ digests }: Prepared, out: string): Promise<Checkpoint | null> {
  return readCheckpoint(checkpointPath(out, digests.training));
}

/** Number of threads that a training started with and must keep; undefined if there is none. */
export function threadsOf(checkpoint: Checkpoint | null): number | undefined {
  return checkpoint?.places.at(-1)?.threads ?? undefined;
}

/** Refuses a run for which the disk has too little space. */
export function requireDiskSpace({ spec, dataset, digests }: Prepared, out: string): void {
  const path = workPath(out, digests.training);
  requireSpace(out, spaceFor(spec, dataset.count), { path });
}

/**
 * Refuses a run that this engine cannot finish: it lacks memory, or the training was started on
 * another platform.
 *
 * @param options.checkpoint the training's checkpoint, if there is one
 * @param options.elsewhere continue on another platform anyway
 */
export function requireRunnable(
  prepared: Prepared,
  engine: Engine,
  { out, checkpoint, elsewhere }: {
    out: string;
    checkpoint: Checkpoint | null;
    elsewhere: boolean;
  },
): void {
  const { spec, dataset, digests, shared } = prepared;
  requireMemory(spec, engine, { images: dataset.count });
  const path = workPath(out, digests.training);
  if (shared === null && checkpoint) {
    requireSamePlatform(checkpoint, engine, { path, trainingKey: digests.training, elsewhere });
  }
}

/** Refuses a checkpoint of another training, or of another engine, device or number of threads. */
function requireSamePlatform(
  { training, places }: Checkpoint,
  engine: Engine,
  { path, trainingKey, elsewhere }: { path: string; trainingKey: string; elsewhere: boolean },
): void {
  if (training !== trainingKey) {
    throw new UserError(
      `${path}: this checkpoint belongs to another training; move the folder away to train again`,
    );
  }
  const here = platformName(enginePlatform(engine));
  const last = places.map(platformName).at(-1);
  if (last === here || elsewhere) return;
  throw new UserError(
    `this training was started on ${last}, and this is ${here}: neither would give the result. ` +
      "Use the same --engine and --threads as before; or continue here with --elsewhere, which " +
      `the bundle will note; or remove ${path} to start again`,
  );
}
