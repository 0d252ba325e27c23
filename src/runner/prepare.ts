/**
 * What stands before a run, dry or not: which run it is, what of it exists, and all that can refuse
 * it. What is cheap is looked at before what is expensive, and nothing is trained that would be
 * refused afterwards.
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

/** What identifies a run beside its spec, and where it is looked for. */
export interface PrepareOptions {
  /** The folder of the bundles. */
  out: string;
  /** The folder of the datasets; default `data`. */
  dataRoot?: string | undefined;
  /** Leave out images that cannot be read. */
  skipBad?: boolean | undefined;
  /** Keep what was decoded, for the next time; default true. */
  keep?: boolean | undefined;
  /** The spec's file, which names the bundle. */
  source?: { path: string } | undefined;
  /** A second bundle beside a finished one, which takes no model from others. */
  again?: boolean | undefined;
  /** What the run's digests must be: those of the bundle that is to be reproduced. */
  expected?: Digests | undefined;
  /** Whom to tell how far the images are. */
  progress?: Progress | undefined;
}

/** A run of which everything is known but its results. */
export interface Prepared {
  /** As the bundle will hold it: without places, its parent named by its digest. */
  spec: ResolvedSpec;
  dataset: Dataset;
  digests: Digests & { training: string };
  /** The bundle that the training goes on from, or null. */
  parent: Parent | null;
  /** The finished bundle of this run, or null. */
  finished: string | null;
  /** A finished bundle of the same training, whose model is taken, and that model; or null. */
  shared: { path: string; model: TrainedModel } | null;
  /** The state with which the training begins, where it goes on from a bundle. */
  start: TrainedModel | null;
  /** Where the bundle will be. */
  path: string;
}

/**
 * The digests of a run.
 *
 * @param data of its images
 * @param parent of the bundle that it goes on from
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
 * Finds out which run a spec stands for here, and what of it exists.
 *
 * @throws UserError for what would stop it, as far as no engine is needed to tell
 */
export async function prepareRun(given: ResolvedSpec, options: PrepareOptions): Promise<Prepared> {
  const { out, again = false, progress } = options;
  const parent = findParent(given, [out]);
  // A parent that does not fit is told before images are read.
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

/** The bundle of a finished training with its model, the bytes of which are checked. */
async function findShared(out: string, training: string): Promise<Prepared["shared"]> {
  const path = findTrained(out, training);
  if (path === null) return null;
  try {
    return { path, model: await readTrained(path) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `${error.message}\nThe model of ${path} would be taken, for it is of the same training; ` +
        "bring back what is missing, or move the folder away and give the command again",
    );
  }
}

function noParent(digest: string, out: string): UserError {
  return new UserError(
    `training.from: no bundle in ${out} has the digest ${digest}. Name its folder: ` +
      "training.from=FOLDER for `run`, --from FOLDER for `reproduce`",
  );
}

/** Refuses a run whose bundle could not be put in its place at the end. */
function requireFreePath(path: string): void {
  if (!exists(path)) return;
  throw new UserError(
    `${path}: something lies here that is not the finished bundle of this run; move it away, or ` +
      "say --out FOLDER for another place",
  );
}

/**
 * Refuses to reproduce a bundle with other data, or with a release that computes otherwise on
 * purpose.
 */
function requireExpected(digests: Digests, expected: Digests): void {
  const reasons: [keyof Digests, string][] = [
    [
      "method",
      "it was made by another version of the method; take the release that provenance.json names",
    ],
    [
      "spec",
      "this release resolves its spec otherwise; take the release that provenance.json names",
    ],
    [
      "data",
      "the images here are not those that it was made of; --data FOLDER names the place of the " +
      "datasets, --path FOLDER that of this run's images",
    ],
    [
      "from",
      "it was trained from another bundle than the one that lies here; --from FOLDER names that " +
      "one",
    ],
    ["run", "its digests are not those of its spec and its images"],
  ];
  for (const [field, reason] of reasons) {
    if (digests[field] === expected[field]) continue;
    throw new UserError(
      `it cannot be reproduced: ${reason} (${field} ${expected[field]}, here ${digests[field]})`,
    );
  }
}

/** The checkpoint of a run's training, or null. */
export function checkpointOf({ digests }: Prepared, out: string): Promise<Checkpoint | null> {
  return readCheckpoint(checkpointPath(out, digests.training));
}

/** Threads with which a training was begun and must go on; undefined where nothing says so. */
export function threadsBegun(checkpoint: Checkpoint | null): number | undefined {
  return checkpoint?.places.at(-1)?.threads ?? undefined;
}

/** Refuses a run that would fill the disk before its end. */
export function requireDiskSpace({ spec, dataset, digests }: Prepared, out: string): void {
  const path = workPath(out, digests.training);
  requireSpace(out, spaceFor(spec, dataset.count), { path });
}

/**
 * Refuses what this engine cannot bring to its end: for want of memory, or because the training was
 * begun elsewhere.
 *
 * @param options.checkpoint of the training, where it was begun
 * @param options.elsewhere go on with it all the same
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

/** Refuses a checkpoint of another training, and one of another engine, device or threads. */
function requireSamePlatform(
  { training, places }: Checkpoint,
  engine: Engine,
  { path, trainingKey, elsewhere }: { path: string; trainingKey: string; elsewhere: boolean },
): void {
  if (training !== trainingKey) {
    throw new UserError(
      `${path}: this checkpoint is of another training; move the folder away to train anew`,
    );
  }
  const place = platformName(enginePlatform(engine));
  const last = places.map(platformName).at(-1);
  if (last === place || elsewhere) return;
  throw new UserError(
    `this training was begun on ${last}, and this is ${place}: the result would be of neither. ` +
      "Say --engine and --threads as they were, or --elsewhere to go on here all the same, which " +
      `the bundle will tell; or remove ${path} to begin anew`,
  );
}
