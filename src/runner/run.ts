/**
 * One experiment from its resolved spec to its bundle: data, network, training, sampling, bundle.
 */
import { basename, join, resolve } from "@std/path";
import type { Bundle } from "../bundle/bag.ts";
import type { Digests } from "../bundle/layout.ts";
import { openBundle } from "../bundle/open.ts";
import { describeDataset } from "../datasets/mod.ts";
import { type Engine, type EngineName, type EngineOptions, openEngine } from "../engines/mod.ts";
import { LostLockError } from "../files/lock.ts";
import { drawnClasses } from "../spec/labels.ts";
import { type ResolvedSpec, specName } from "../spec/mod.ts";
import type { Checkpoint } from "../training/checkpoint.ts";
import {
  disposeState,
  newState,
  restoreState,
  stateTensors,
  type TrainingState,
  withAverage,
} from "../training/state.ts";
import { compileUNet } from "../unet/mod.ts";
import { beginning, keepTaken } from "./beginning.ts";
import { previewsPng } from "./contents.ts";
import { scoredSteps } from "./interim_scores.ts";
import { type Diary, diaryName, startDiary } from "./diary.ts";
import { beginDiary, endDiary, startEvents } from "./following.ts";
import { type Log, startLog } from "./log.ts";
import { writeWorkSpec } from "./nearest_run.ts";
import { platformName, readPlatform } from "./platform.ts";
import {
  type Prepared,
  prepareRun,
  requireDiskSpace,
  requireRunnable,
  threadsBegun,
} from "./prepare.ts";
import { epochsBetweenPreviews } from "./previews.ts";
import { type Progress, silentProgress } from "../messages/progress.ts";
import { samplePhase } from "./sample_phase.ts";
import { scorePhase } from "./score.ts";
import { startStopwatch, type Stopwatch, timeName } from "./time_spent.ts";
import { type TrainingResult, trainPhase } from "./train_phase.ts";
import { platformsOf, readPreviews } from "./trained.ts";
import { findBundle, openWorkFolder, type WorkFolder } from "./work.ts";
import { explainFullDisk } from "../files/results.ts";
import { writeBundle } from "./write_bundle.ts";

/** Opens, or has ready, an engine that its owner closes. */
export type EngineProvider = (
  options: Pick<EngineOptions, "precision" | "threads">,
) => Promise<Engine>;

/** How an experiment is run; none of it is part of the result. */
export interface RunOptions {
  /** An open engine, what has one ready, or the name of one to open; default `auto`. */
  engine?: Engine | EngineProvider | EngineName | "auto" | undefined;
  /** The folder of the bundles; default `out`. */
  out?: string | undefined;
  /** The folder of the datasets; default `data`. */
  dataRoot?: string | undefined;
  /** The spec's file, which names the bundle, and its text, which goes into it. */
  source?: { path: string; text: string } | undefined;
  /** Leave out images that cannot be read. */
  skipBad?: boolean | undefined;
  /** Go on with a training that was begun on another engine or kind of device. */
  elsewhere?: boolean | undefined;
  /** Compute in bfloat16 on a processor without its instructions, too, as `reproduce` does. */
  emulate?: boolean | undefined;
  /**
   * Threads of the engine `tensorflow` on the CPU; default those that began the training, else all
   * cores.
   */
  threads?: number | undefined;
  /**
   * Run once more what is finished: a second bundle beside the first one, which takes no model from
   * others.
   */
  again?: boolean | undefined;
  /** What the run's digests must be: those of the bundle that is to be reproduced. */
  expected?: Digests | undefined;
  /** Training digests of its fellows in a sweep, which are meant to be near it. */
  siblings?: ReadonlySet<string> | undefined;
  /** Whom to tell how far it is; default nobody. */
  progress?: Progress | undefined;
  /** A folder for TensorBoard, in which the run gets one of its own. */
  tensorboard?: string | undefined;
  /** Where the Inception weights are looked for; others for tests. */
  weights?: {
    /** A file; default: the environment's INCEPTION_WEIGHTS. */
    path?: string | undefined;
    /** Fetches the file if it does not exist; default true. */
    download?: boolean;
  } | undefined;
  /** Stops the run; what was reached is kept, and the same run goes on there. */
  signal?: AbortSignal | undefined;
}

/** A run at work: what it is, where, and whom it tells. */
interface Run {
  prepared: Prepared;
  options: RunOptions;
  out: string;
  engine: Engine;
  work: WorkFolder;
  /** What an earlier start left of the training, or null. */
  checkpoint: Checkpoint | null;
  log: Log;
  diary: Diary;
  progress: Progress;
  stopwatch: Stopwatch;
  /** Where the images lie, where the spec says so. */
  imagesAt: string | null;
}

/**
 * Runs an experiment, or finds its finished bundle. Stopped at any moment and called again, it goes
 * on where it was.
 *
 * @throws UserError for what a person can mend: data that is missing, a folder that is closed,
 *   another process at work
 */
export async function runExperiment(spec: ResolvedSpec, options: RunOptions = {}): Promise<Bundle> {
  const { out = "out", again = false } = options;
  const log = startLog(options.progress ?? silentProgress);
  const diary = startDiary(log.progress);
  const { progress } = diary;
  const stopwatch = startStopwatch();
  const prepared = await prepareRun(spec, { ...options, out, progress });
  progress.message(`data: ${describeDataset(prepared.dataset)}`);
  for (const note of prepared.dataset.notes) progress.message(`data: ${note}`);
  if (prepared.finished) return finishedBundle(prepared.finished, progress);
  const what = `this run (${specName(spec)} on ${spec.dataset})`;
  using held = new DisposableStack();
  const waiting = { say: progress.message, signal: options.signal };
  const work = await openWorkFolder(out, prepared.digests.training, what, waiting);
  held.defer(() => work.release());
  try {
    // Between the look and the lock another process may have finished it.
    const meanwhile = again ? null : findBundle(out, prepared.digests.run);
    if (meanwhile) {
      work.remove();
      return finishedBundle(meanwhile, progress);
    }
    const { checkpoint, takenFrom, notice } = await beginning(prepared, out, options);
    if (notice) progress.message(notice);
    requireDiskSpace(prepared, out);
    if (takenFrom) await keepTaken(work, checkpoint, takenFrom);
    writeToWorkFolder(work, prepared, { log, stopwatch, diary });
    if (options.tensorboard !== undefined) {
      held.use(startEvents(options.tensorboard, work, prepared, diary));
    }
    const engine = await openRunEngine(options, spec, checkpoint);
    if (typeof options.engine !== "object" && typeof options.engine !== "function") {
      held.defer(() => engine.dispose());
    }
    progress.message(`engine: ${engine.description}`);
    requireRunnable(prepared, engine, { out, checkpoint, elsewhere: options.elsewhere ?? false });
    const imagesAt = spec.data.path === null ? null : resolve(spec.data.path);
    const run = {
      prepared,
      options,
      out,
      engine,
      work,
      checkpoint,
      log,
      diary,
      progress,
      stopwatch,
    };
    const bundle = await compute({ ...run, imagesAt });
    diary.end("finished");
    work.remove();
    return bundle;
  } catch (error) {
    endDiary(diary, error, options.signal);
    if (!(error instanceof LostLockError)) saveQuietly(stopwatch);
    throw explainFullDisk(error, out);
  }
}

function finishedBundle(path: string, progress: Progress): Bundle {
  // Who asks for another engine must not take this for what that one gave.
  const told = readPlatform(path)?.place;
  const where = told ? ` (${platformName({ ...told, name: told.engine })})` : "";
  progress.message(
    `this run is finished${where}; its bundle is not made again; --again makes another beside it`,
  );
  return { path, digest: openBundle(path).digest };
}

/** Begins to write down, in the place of work, what the run is, says and takes. */
function writeToWorkFolder(
  { path, check }: WorkFolder,
  prepared: Prepared,
  { log, stopwatch, diary }: { log: Log; stopwatch: Stopwatch; diary: Diary },
): void {
  const { spec, digests } = prepared;
  writeWorkSpec(path, spec, digests);
  log.keepIn(join(path, `log-${digests.spec.slice(0, 16)}.txt`));
  stopwatch.keepIn(join(path, timeName));
  beginDiary(diary, join(path, diaryName), prepared, check);
}

/** Writes the times down. What stopped the run, a full disk say, is what people must hear. */
function saveQuietly(stopwatch: Stopwatch): void {
  try {
    stopwatch.keep();
  } catch {
    // As said above.
  }
}

/**
 * The engine of a run. The order in which threads add is in the last bits: a training goes on with
 * as many as it began with.
 */
async function openRunEngine(
  { engine = "auto", threads, emulate }: RunOptions,
  { precision }: ResolvedSpec,
  checkpoint: Checkpoint | null,
): Promise<Engine> {
  if (typeof engine === "object") return engine;
  const options = { precision, emulate, threads: threads ?? threadsBegun(checkpoint) };
  return typeof engine === "function" ? await engine(options) : await openEngine(engine, options);
}

/** Trains, or takes the model of a finished training; draws, scores, and writes the bundle. */
async function compute(run: Run): Promise<Bundle> {
  const { prepared, options, engine, work, log, diary, progress, stopwatch } = run;
  const { spec, digests, dataset, path } = prepared;
  const { signal, dataRoot, weights } = options;
  const unet = compileUNet(spec);
  const state = newState(unet, spec.training.emaDecay !== null);
  using held = new DisposableStack();
  held.defer(() => disposeState(state));
  const { trained, previews } = await trainedState(run, state);
  const tensors = await stateTensors(state);
  const folder = join(work.path, `samples-${digests.spec.slice(0, 16)}`);
  const drawing = { engine, spec, predict: unet.apply, folder, progress, signal };
  const samples = await withAverage(
    state,
    () => samplePhase({ ...drawing, checkLock: work.check, onSaved: stopwatch.keep }),
  );
  const upright = samples.images.get("0");
  const { losses } = trained;
  const steps = losses.length;
  const scoring = { engine, spec, dataset, upright, dataRoot, weights, progress, steps };
  const evaluation = await scorePhase(scoring);
  signal?.throwIfAborted();
  progress.message("writing the bundle");
  const network = unet.summary();
  return await writeBundle({
    path,
    checkLock: work.check,
    computed: { spec, digests, dataset, network, tensors, samples, evaluation, losses },
    engine,
    trained,
    previews,
    stopwatch,
    source: options.source,
    imagesAt: run.imagesAt,
    log: log.text(),
    diary: diary.text(),
  });
}

/** Gives the state the trained weights, and tells how they came about. */
async function trainedState(
  run: Run,
  state: TrainingState,
): Promise<{ trained: TrainingResult; previews: Uint8Array | null }> {
  const { prepared, engine, work, checkpoint, progress, stopwatch } = run;
  const { signal, dataRoot, weights } = run.options;
  const { spec, dataset, digests, shared, start } = prepared;
  if (shared) {
    const { path, model: { tensors, losses } } = shared;
    progress.message(`training: the same as that of ${path}, whose model is taken`);
    if (spec.evaluation.everyEpochs) {
      progress.message(
        "training: none here, so there are no scores on its way; --again trains anew",
      );
    }
    restoreState(state, tensors);
    const { digest } = openBundle(path);
    const notes = [
      `the model was taken from ${basename(path)}, a run of the same training, digest ${digest}`,
    ];
    const trained = { losses, previews: null, places: platformsOf(path), notes };
    return { trained, previews: readPreviews(path) };
  }
  const trainingKey = digests.training;
  const training = { engine, spec, dataset, state, start, checkpoint, work, trainingKey };
  const scored = scoredSteps(run.diary.text(), digests.run);
  const scoring = { scored, dataRoot, weights };
  const trained = await trainPhase({ ...training, ...scoring, progress, stopwatch, signal });
  const every = epochsBetweenPreviews(spec, dataset.count);
  const stepsPerEpoch = Math.ceil(dataset.count / spec.training.batchSize);
  const before = Math.floor((start?.losses.length ?? 0) / stepsPerEpoch / every);
  const previews = await previewsPng(
    trained.previews,
    (i) => (before + i + 1) * every,
    drawnClasses(spec, dataset.classNames),
  );
  return { trained, previews };
}
