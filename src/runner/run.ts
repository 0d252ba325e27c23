/** Runs one experiment: data, network, training, sampling, scores, bundle. */
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
import { beginning, copyCheckpoint } from "./beginning.ts";
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
  threadsOf,
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

/** Opens an engine, or returns an open one. Its owner closes it. */
export type EngineProvider = (
  options: Pick<EngineOptions, "precision" | "threads">,
) => Promise<Engine>;

/** How to run an experiment. None of these options is part of the spec. */
export interface RunOptions {
  /** An open engine, a function that provides one, or the name of one to open; default `auto`. */
  engine?: Engine | EngineProvider | EngineName | "auto" | undefined;
  /** The folder of the bundles; default `out`. */
  out?: string | undefined;
  /** The folder of the datasets; default `data`. */
  dataRoot?: string | undefined;
  /** The spec's file, which names the bundle, and its text, which goes into the bundle. */
  source?: { path: string; text: string } | undefined;
  /** Leave out unreadable images. */
  skipBad?: boolean | undefined;
  /** Continue a training that was started on another engine or kind of device. */
  elsewhere?: boolean | undefined;
  /** Emulate bfloat16 on processors without its instructions, as `reproduce` does. */
  emulate?: boolean | undefined;
  /**
   * Threads of the engine `tensorflow` on the CPU. By default as many as the training started with,
   * or all cores for a new training.
   */
  threads?: number | undefined;
  /** Make a second bundle next to a finished one, without reusing a trained model. */
  again?: boolean | undefined;
  /** The digests that the run must have: those of the bundle to reproduce. */
  expected?: Digests | undefined;
  /** Training digests of the other members of a sweep, which differ on purpose. */
  siblings?: ReadonlySet<string> | undefined;
  /** Receives the run's progress; ignored by default. */
  progress?: Progress | undefined;
  /** A folder for TensorBoard, in which the run gets a folder of its own. */
  tensorboard?: string | undefined;
  /** Where to look for the Inception weights; tests set it. */
  weights?: {
    /** A file; default: the environment variable INCEPTION_WEIGHTS. */
    path?: string | undefined;
    /** Download the file if it does not exist; default true. */
    download?: boolean;
  } | undefined;
  /** Stops the run. It saves first; the same run resumes there. */
  signal?: AbortSignal | undefined;
}

/** A run that has its work folder: what it is, and what it writes to. */
interface Run {
  prepared: Prepared;
  options: RunOptions;
  out: string;
  work: WorkFolder;
  log: Log;
  diary: Diary;
  progress: Progress;
  stopwatch: Stopwatch;
  /** Where the images are, if the spec says so. */
  imagesAt: string | null;
}

/** A run whose engine is open. */
interface OpenRun extends Run {
  engine: Engine;
  /** The training's checkpoint, or null. */
  checkpoint: Checkpoint | null;
}

/**
 * Runs an experiment, or finds its finished bundle. A run may be stopped at any time; calling this
 * again resumes it.
 *
 * @throws UserError for problems that a person can solve: missing data, a folder without write
 *   permission, another process working on the same run
 */
export async function runExperiment(spec: ResolvedSpec, options: RunOptions = {}): Promise<Bundle> {
  const { out = "out", again = false, signal } = options;
  const log = startLog(options.progress ?? silentProgress);
  const diary = startDiary(log.progress);
  const { progress } = diary;
  const stopwatch = startStopwatch();

  const prepared = await prepareRun(spec, { ...options, out, progress });
  progress.message(`data: ${describeDataset(prepared.dataset)}`);
  for (const note of prepared.dataset.notes) progress.message(`data: ${note}`);
  if (prepared.finished) return finishedBundle(prepared.finished, progress);

  const name = `this run (${specName(spec)} on ${spec.dataset})`;
  using work = await openWorkFolder(out, prepared.digests.training, name, {
    onMessage: progress.message,
    signal,
  });
  // Another process may have finished the run before this one got the lock.
  const finished = again ? null : findBundle(out, prepared.digests.run);
  if (finished) {
    work.remove();
    return finishedBundle(finished, progress);
  }

  const imagesAt = spec.data.path === null ? null : resolve(spec.data.path);
  try {
    const run = { prepared, options, out, work, log, diary, progress, stopwatch, imagesAt };
    const bundle = await runPrepared(run, spec);
    diary.end("finished");
    work.remove();
    return bundle;
  } catch (error) {
    endDiary(diary, error, signal);
    if (!(error instanceof LostLockError)) saveQuietly(stopwatch);
    throw explainFullDisk(error, out);
  }
}

function finishedBundle(path: string, progress: Progress): Bundle {
  // The engine is named because the person may have asked for a different one.
  const platform = readPlatform(path)?.place;
  const where = platform ? ` (${platformName({ ...platform, name: platform.engine })})` : "";
  progress.message(
    `this run is already finished${where}; use --again to make a second bundle next to it`,
  );
  return { path, digest: openBundle(path).digest };
}

/** Starts or resumes a run in its work folder, and writes its bundle. */
async function runPrepared(run: Run, spec: ResolvedSpec): Promise<Bundle> {
  const { prepared, options, out, work, diary, progress } = run;
  const { checkpoint, takenFrom, notice } = await beginning(prepared, out, options);
  if (notice) progress.message(notice);
  requireDiskSpace(prepared, out);
  if (takenFrom) await copyCheckpoint(work, checkpoint, takenFrom);
  openRecords(run);

  using held = new DisposableStack();
  if (options.tensorboard !== undefined) {
    held.use(startEvents(options.tensorboard, work, prepared, diary));
  }
  const engine = await openRunEngine(options, spec, checkpoint);
  const isOwnEngine = typeof options.engine !== "object" && typeof options.engine !== "function";
  if (isOwnEngine) held.defer(() => engine.dispose());
  progress.message(`engine: ${engine.description}`);
  requireRunnable(prepared, engine, { out, checkpoint, elsewhere: options.elsewhere ?? false });
  return await compute({ ...run, engine, checkpoint });
}

/** Writes the run's spec into the work folder, and opens its log, times and diary there. */
function openRecords({ work, prepared, log, stopwatch, diary }: Run): void {
  const { spec, digests } = prepared;
  writeWorkSpec(work.path, spec, digests);
  log.writeTo(join(work.path, `log-${digests.spec.slice(0, 16)}.txt`));
  stopwatch.saveTo(join(work.path, timeName));
  beginDiary(diary, join(work.path, diaryName), prepared, work.check);
}

/** Saves the times. A failure here must not hide the error that stopped the run. */
function saveQuietly(stopwatch: Stopwatch): void {
  try {
    stopwatch.save();
  } catch {
    // The disk may be full, which is then also what stopped the run.
  }
}

/**
 * Opens the engine of a run. The order in which threads add affects the last bits, so a training
 * keeps the number of threads that it started with.
 */
async function openRunEngine(
  { engine = "auto", threads, emulate }: RunOptions,
  { precision }: ResolvedSpec,
  checkpoint: Checkpoint | null,
): Promise<Engine> {
  if (typeof engine === "object") return engine;
  const options = { precision, emulate, threads: threads ?? threadsOf(checkpoint) };
  return typeof engine === "function" ? await engine(options) : await openEngine(engine, options);
}

/** Trains or reuses a trained model; draws, scores, and writes the bundle. */
async function compute(run: OpenRun): Promise<Bundle> {
  const { prepared, options, engine, work, log, diary, progress, stopwatch, imagesAt } = run;
  const { spec, digests, dataset, path } = prepared;
  const { signal, dataRoot, weights } = options;
  const unet = compileUNet(spec);
  const state = newState(unet, spec.training.emaDecay !== null);
  using held = new DisposableStack();
  held.defer(() => disposeState(state));

  const { trained, previews } = await trainedState(run, state);
  const { losses } = trained;
  const tensors = await stateTensors(state);

  const folder = join(work.path, `samples-${digests.spec.slice(0, 16)}`);
  const drawing = { engine, spec, predict: unet.apply, folder, progress, signal };
  const saving = { checkLock: work.check, onSaved: stopwatch.save };
  const samples = await withAverage(state, () => samplePhase({ ...drawing, ...saving }));

  const upright = samples.images.get("0");
  const steps = losses.length;
  const scoring = { engine, spec, dataset, upright, dataRoot, weights, progress, steps };
  const evaluation = await scorePhase(scoring);
  signal?.throwIfAborted();

  progress.message("writing the bundle");
  const network = unet.summary();
  const results = { spec, digests, dataset, network, tensors, samples, evaluation, losses };
  const records = { stopwatch, log: log.text(), diary: diary.text() };
  return await writeBundle({
    path,
    checkLock: work.check,
    results,
    engine,
    trained,
    previews,
    source: options.source,
    imagesAt,
    ...records,
  });
}

/** Trains the network, or loads the weights of a finished training into it. */
async function trainedState(
  run: OpenRun,
  state: TrainingState,
): Promise<{ trained: TrainingResult; previews: Uint8Array | null }> {
  const { prepared, engine, work, checkpoint, progress, stopwatch } = run;
  const { signal, dataRoot, weights } = run.options;
  const { spec, dataset, digests, shared, start } = prepared;
  if (shared) return reuseModel(spec, shared, state, progress);

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

/** Loads the model of a finished bundle of the same training. */
function reuseModel(
  spec: ResolvedSpec,
  { path, model: { tensors, losses } }: NonNullable<Prepared["shared"]>,
  state: TrainingState,
  progress: Progress,
): { trained: TrainingResult; previews: Uint8Array | null } {
  progress.message(`training: skipped; the model comes from ${path}, which has the same training`);
  if (spec.evaluation.everyEpochs) {
    progress.message(
      "training: without it there are no interim scores; use --again to train again",
    );
  }
  restoreState(state, tensors);
  const { digest } = openBundle(path);
  const notes = [
    `the model comes from ${basename(path)}, a run of the same training, digest ${digest}`,
  ];
  const trained = { losses, previews: null, places: platformsOf(path), notes };
  return { trained, previews: readPreviews(path) };
}
