/**
 * Dry runs: what a run would do, and how long it would take. A few steps are measured and
 * multiplied; nothing is written. Whatever would stop the run stops the estimate, too.
 */
import { join } from "@std/path";
import { describeDataset } from "../datasets/mod.ts";
import { type Engine, type EngineName, openEngine } from "../engines/mod.ts";
import { NotFetchedError } from "../engines/tensorflow/library.ts";
import { counted } from "../messages/counted.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import type { Checkpoint } from "../training/checkpoint.ts";
import { trainingPlan } from "../training/plan.ts";
import { networkPlan } from "../unet/plan.ts";
import { summarize } from "../unet/mod.ts";
import { beginning } from "./beginning.ts";
import { measureRun } from "./measure.ts";
import { minMemory } from "./memory.ts";
import {
  type Prepared,
  prepareRun,
  requireDiskSpace,
  requireRunnable,
  threadsOf,
} from "./prepare.ts";
import { roughDuration } from "../messages/duration.ts";
import type { RunOptions } from "./run.ts";
import { drawnAngles } from "../spec/angles.ts";
import { spaceFor } from "./space.ts";
import { workPath } from "./work.ts";

/** What a run would do. */
export interface RunEstimate {
  /** Where the bundle would be written, or where it already is. */
  bundle: string;
  /** Description of the training images. */
  data: string;
  /** The network's summary. */
  network: string;
  /** What the run would need, in lines for people. */
  lines: string[];
  /** The measured part of the run's time; null if nothing was measured. */
  seconds: number | null;
}

/** How the run would be started. */
export interface EstimateOptions extends
  Pick<
    RunOptions,
    "out" | "dataRoot" | "skipBad" | "source" | "threads" | "elsewhere" | "again"
  > {
  engine?: EngineName | "auto";
  /** Called before measuring, which takes several seconds. */
  onMeasure?: () => void;
}

/**
 * Estimates what a run would do. Reads the data and opens the engine as the run would, but
 * downloads and writes nothing.
 *
 * @throws UserError for anything that would stop the run, except another process working on it
 */
export async function estimateRun(
  spec: ResolvedSpec,
  options: EstimateOptions = {},
): Promise<RunEstimate> {
  const { out = "out" } = options;
  const prepared = await prepareRun(spec, { ...options, out, keep: false });
  const { dataset, path } = prepared;
  const about = {
    bundle: path,
    data: [describeDataset(dataset), ...dataset.notes].join("\n         "),
    network: summarize(networkPlan(spec)),
  };
  const { checkpoint, notice } = await beginning(prepared, out, options);
  const lines = workLines(prepared, checkpoint, options);
  if (prepared.finished) {
    return {
      ...about,
      lines: ["The run is finished: there is nothing to do.", ...lines],
      seconds: null,
    };
  }
  requireDiskSpace(prepared, out);
  if (notice) lines.unshift(notice);
  const time = await timeNeeded(prepared, checkpoint, options);
  return { ...about, lines: [...lines, ...time.lines], seconds: time.seconds };
}

/** Says what would be computed and written. */
function workLines(
  prepared: Prepared,
  checkpoint: Checkpoint | null,
  { out = "out", dataRoot }: EstimateOptions,
): string[] {
  const { spec, dataset, digests, shared } = prepared;
  const { training, sampling } = spec;
  const { steps } = trainingPlan(training, dataset.count);
  const done = shared ? 0 : stepsDone(prepared, checkpoint);
  const images = sampling.count * drawnAngles(spec).length;
  const space = spaceFor(spec, dataset.count);
  const batch = counted(Math.min(training.batchSize, dataset.count), "image");
  return [
    ...(shared ? [`The run would reuse the model of ${shared.path}.`] : []),
    `${counted(steps, "step")} of ${batch}${done ? `, ${grouped(done)} of them done` : ""}; ` +
    `${counted(images, "image")} drawn in ${counted(sampling.steps, "step")}`,
    `disk: about ${megabytes(space.bundle)} for the bundle; once, for decoded images, ` +
    `${megabytes(dataset.images.length + (dataset.labels?.length ?? 0))} in ${
      join(dataRoot ?? "data", ".cache")
    }`,
    `during the run: up to ${megabytes(space.work)} in ${workPath(out, digests.training)}`,
  ];
}

/** Steps that earlier starts of the training have done, without those of its parent. */
function stepsDone({ start }: Prepared, checkpoint: Checkpoint | null): number {
  return checkpoint ? checkpoint.losses.length - (start?.losses.length ?? 0) : 0;
}

/** The engine of the run, or why it cannot be opened without a download. */
async function openedEngine(
  { spec: { precision } }: Prepared,
  checkpoint: Checkpoint | null,
  { engine = "auto", threads = threadsOf(checkpoint) }: EstimateOptions,
): Promise<Engine | string> {
  try {
    return await openEngine(engine, { precision, threads, download: false });
  } catch (error) {
    // The run would download it.
    if (error instanceof NotFetchedError) return error.message;
    throw error;
  }
}

/** Measures how long the run would take here, and how much memory. */
async function timeNeeded(
  prepared: Prepared,
  checkpoint: Checkpoint | null,
  options: EstimateOptions,
): Promise<Pick<RunEstimate, "lines" | "seconds">> {
  const { spec, dataset, shared } = prepared;
  const { out = "out", elsewhere = false } = options;
  const engine = await openedEngine(prepared, checkpoint, options);
  if (typeof engine === "string") {
    const why = `time: cannot be measured. ${engine}`;
    return { lines: [why, minMemoryLine(spec, dataset.count)], seconds: null };
  }
  using held = new DisposableStack();
  held.defer(() => engine.dispose());
  requireRunnable(prepared, engine, { out, checkpoint, elsewhere });
  const head = `engine: ${engine.description}`;
  if (engine.name === "cpu") {
    const why = "time: not measured, because the engine cpu is a slow reference";
    return { lines: [head, why, minMemoryLine(spec, dataset.count)], seconds: null };
  }
  options.onMeasure?.();
  const { steps } = trainingPlan(spec.training, dataset.count);
  const from = { step: stepsDone(prepared, checkpoint), steps: shared ? 0 : steps };
  const found = await measureRun(engine, prepared, from, options.dataRoot);
  const parts = [
    ...(shared
      ? []
      : [`training ${roughDuration(found.training)} (${found.step.toPrecision(3)} s a step)`]),
    ...(found.previews ? [`previews ${roughDuration(found.previews)}`] : []),
    ...(found.interimScores ? [`interim scores ${roughDuration(found.interimScores)}`] : []),
    `drawing ${roughDuration(found.drawing)}`,
    ...(found.scoring ? [`scoring ${roughDuration(found.scoring)}`] : []),
  ];
  const total = found.training + found.previews + found.interimScores + found.drawing +
    (found.scoring ?? 0);
  const notMeasured = found.scoring === null
    ? "compiling, pictures and scores"
    : "compiling" + (found.scoring > 0 ? ", pictures and the scores' statistics" : " and pictures");
  const lines = [
    head,
    `time: about ${roughDuration(total)}, estimated from a few steps: ${parts.join(", ")}; ` +
    `plus ${notMeasured}`,
    engine.device === "cpu"
      ? `memory: about ${megabytes(peakBytes())} for the whole process, as measured`
      : minMemoryLine(spec, dataset.count),
  ];
  return { lines, seconds: total };
}

function minMemoryLine(spec: ResolvedSpec, images: number): string {
  return `memory: more than ${megabytes(minMemory(spec, images))}`;
}

/** Peak memory of this process; its current memory if the system does not report a peak. */
function peakBytes(): number {
  try {
    const [, kilobytes] = Deno.readTextFileSync("/proc/self/status").match(/VmHWM:\s*(\d+) kB/) ??
      [];
    if (kilobytes !== undefined) return 1024 * Number(kilobytes);
  } catch {
    // Not Linux, or no permission.
  }
  return Deno.memoryUsage().rss;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString("en-US", { maximumSignificantDigits: 2 })} MB`;
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}
