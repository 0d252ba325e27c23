/**
 * What a run would do and cost, told without writing anything: a few steps are measured, the rest
 * is multiplied. What would refuse the run refuses this, too.
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
  threadsBegun,
} from "./prepare.ts";
import { roughDuration } from "../messages/duration.ts";
import type { RunOptions } from "./run.ts";
import { drawnAngles } from "./sample_phase.ts";
import { spaceFor } from "./space.ts";
import { workPath } from "./work.ts";

/** What a run would do. */
export interface RunEstimate {
  /** Where the bundle would be, or is. */
  bundle: string;
  /** The training images. */
  data: string;
  /** The network's summary. */
  network: string;
  /** What the run would take and why one cannot tell more, in lines for people. */
  lines: string[];
  /** How long it would take, of what was measured; null where nothing was. */
  seconds: number | null;
}

/** How a run would be made. */
export interface EstimateOptions extends
  Pick<
    RunOptions,
    "out" | "dataRoot" | "skipBad" | "source" | "threads" | "elsewhere" | "again"
  > {
  engine?: EngineName | "auto";
  /** Is called before the measuring, which takes several seconds. */
  onMeasure?: () => void;
}

/**
 * Tells what a run would do. Reads data and engine as the run would, but fetches and writes
 * nothing.
 *
 * @throws UserError for what would stop the run, other processes that work on it apart
 */
export async function estimateRun(
  spec: ResolvedSpec,
  options: EstimateOptions = {},
): Promise<RunEstimate> {
  const { out = "out" } = options;
  const prepared = await prepareRun(spec, { ...options, out, keep: false });
  const { dataset, path } = prepared;
  const told = {
    bundle: path,
    data: [describeDataset(dataset), ...dataset.notes].join("\n         "),
    network: summarize(networkPlan(spec)),
  };
  const { checkpoint, notice } = await beginning(prepared, out, options);
  const lines = workLines(prepared, checkpoint, options);
  if (prepared.finished) {
    return {
      ...told,
      lines: ["The run is finished: nothing would be done.", ...lines],
      seconds: null,
    };
  }
  requireDiskSpace(prepared, out);
  if (notice) lines.unshift(notice);
  const time = await timeNeeded(prepared, checkpoint, options);
  return { ...told, lines: [...lines, ...time.lines], seconds: time.seconds };
}

/** What would be done and written. */
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
    ...(shared ? [`The model would be taken from ${shared.path}.`] : []),
    `${counted(steps, "step")} of ${batch}${done ? `, ${grouped(done)} of them done` : ""}; ` +
    `${counted(images, "image")} drawn in ${counted(sampling.steps, "step")}`,
    `written: the bundle, about ${megabytes(space.bundle)}; decoded images, once, ` +
    `${megabytes(dataset.images.length + (dataset.labels?.length ?? 0))} in ${
      join(dataRoot ?? "data", ".cache")
    }`,
    `while it runs: up to ${megabytes(space.work)} in ${workPath(out, digests.training)}`,
  ];
}

/** Steps that an earlier start of the training has done; those of its parent are not among them. */
function stepsDone({ start }: Prepared, checkpoint: Checkpoint | null): number {
  return checkpoint ? checkpoint.losses.length - (start?.losses.length ?? 0) : 0;
}

/** The engine of the run, or why it cannot be opened without fetching something. */
async function openedEngine(
  { spec: { precision } }: Prepared,
  checkpoint: Checkpoint | null,
  { engine = "auto", threads = threadsBegun(checkpoint) }: EstimateOptions,
): Promise<Engine | string> {
  try {
    return await openEngine(engine, { precision, threads, download: false });
  } catch (error) {
    // The run would fetch it.
    if (error instanceof NotFetchedError) return error.message;
    throw error;
  }
}

/** How long it would take here, and how much memory. */
async function timeNeeded(
  prepared: Prepared,
  checkpoint: Checkpoint | null,
  options: EstimateOptions,
): Promise<Pick<RunEstimate, "lines" | "seconds">> {
  const { spec, dataset, shared } = prepared;
  const { out = "out", elsewhere = false } = options;
  const engine = await openedEngine(prepared, checkpoint, options);
  if (typeof engine === "string") {
    const why = `time: it cannot be measured here. ${engine}`;
    return { lines: [why, leastLine(spec, dataset.count)], seconds: null };
  }
  using held = new DisposableStack();
  held.defer(() => engine.dispose());
  requireRunnable(prepared, engine, { out, checkpoint, elsewhere });
  const head = `engine: ${engine.description}`;
  if (engine.name === "cpu") {
    const why = "time: not measured; the engine cpu is a reference, and slow";
    return { lines: [head, why, leastLine(spec, dataset.count)], seconds: null };
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
    ...(found.interimScores ? [`scores on the way ${roughDuration(found.interimScores)}`] : []),
    `drawing ${roughDuration(found.drawing)}`,
    ...(found.scoring ? [`scoring ${roughDuration(found.scoring)}`] : []),
  ];
  const all = found.training + found.previews + found.interimScores + found.drawing +
    (found.scoring ?? 0);
  const top = found.scoring === null
    ? "compiling, pictures and scores"
    : "compiling, pictures" + (found.scoring > 0 ? " and the scores' own arithmetic" : "");
  const lines = [
    head,
    `time: about ${roughDuration(all)} here, from a few measured steps: ${parts.join(", ")}; ` +
    `${top} come on top`,
    engine.device === "cpu"
      ? `memory: about ${megabytes(peakBytes())} for the whole process, as measured`
      : leastLine(spec, dataset.count),
  ];
  return { lines, seconds: all };
}

function leastLine(spec: ResolvedSpec, images: number): string {
  return `memory: more than ${megabytes(minMemory(spec, images))}`;
}

/** The most memory that this process has had; where the system does not tell, what it has now. */
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
