/**
 * What a run would do and cost, told without writing anything: a few steps are measured, the rest
 * is multiplied.
 */
import { join } from "@std/path";
import { bundleName } from "../bundle/bag.ts";
import { readLosses } from "../bundle/read.ts";
import { describeDataset, loadDataset } from "../datasets/mod.ts";
import { createSampler, noiseSchedule } from "../diffusion/mod.ts";
import { type Engine, type EngineName, openEngine } from "../engines/mod.ts";
import { counted } from "../counted.ts";
import { UserError } from "../errors.ts";
import { type ResolvedSpec, specName } from "../spec/mod.ts";
import { readCheckpoint } from "../training/checkpoint.ts";
import { disposeState, newState, type TrainingState } from "../training/state.ts";
import { train } from "../training/train.ts";
import { imagesSeen, trainingPlan } from "../training/plan.ts";
import { networkPlan } from "../unet/plan.ts";
import { compileUNet, summarize } from "../unet/mod.ts";
import { leastMemory, refuseTooLarge } from "./memory.ts";
import { roughly } from "./reporter.ts";
import { digestsOf, type RunOptions } from "./run.ts";
import { spaceFor } from "./space.ts";
import { checkpointPath, findBundle, findTrained, workPath } from "./work.ts";

/** Steps that are measured at least. */
const measuredSteps = 4;
/** Training steps that are made at most. */
const mostMeasuredSteps = 200;
/**
 * Readings of the loss before the measured steps: the first step is compiled, and the second finds
 * memory.
 */
const warmUps = 2;
/** Images of a preview. */
const previewCount = 8;

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
}

/**
 * Tells what a run would do. Reads data and engine as the run would, but fetches and writes
 * nothing.
 *
 * @throws UserError for what would stop the run at its start: data that is missing, a bundle that
 *   is not there
 */
export async function estimateRun(
  spec: ResolvedSpec,
  options: Pick<RunOptions, "out" | "dataRoot" | "skipBad" | "source"> & {
    engine?: EngineName | "auto";
    /** Is called before the measuring, which takes several seconds. */
    onMeasure?: () => void;
  } = {},
): Promise<RunEstimate> {
  const { out = "out", dataRoot, skipBad, source } = options;
  const dataset = await loadDataset(spec, { dataRoot, skipBad, keep: false });
  const digests = digestsOf(spec, dataset.digest);
  const plan = networkPlan(spec);
  const { steps } = trainingPlan(spec.training, dataset.count);
  const { training, sampling } = spec;
  const finished = findBundle(out, digests.run);
  const trained = findTrained(out, digests.training!);
  const images = sampling.count * sampling.rotation.length;
  const space = spaceFor(spec);
  const done = trained ? 0 : await stepsDone(checkpointPath(out, digests.training!), training.from);
  const lines = [
    ...(finished ? ["The run is finished: nothing would be done."] : []),
    ...(trained && !finished ? [`The model would be taken from ${trained}.`] : []),
    `${counted(steps, "step")} of ${counted(Math.min(training.batchSize, dataset.count), "image")}${
      done ? `, ${grouped(done)} of them done` : ""
    }; ` +
    `${counted(images, "image")} drawn in ${counted(sampling.steps, "step")}`,
    `written: the bundle, about ${megabytes(space.bundle)}; decoded images, once, in ${
      join(dataRoot ?? "data", ".cache")
    }`,
    `while it runs: up to ${megabytes(space.work)} in ${workPath(out, digests.training!)}`,
  ];
  if (!finished) {
    try {
      const engine = await openEngine(options.engine ?? "auto", {
        precision: spec.precision,
        download: false,
      });
      options.onMeasure?.();
      try {
        refuseTooLarge(spec, engine, { images: dataset.count });
        lines.push(
          ...await measuredLines(engine, { spec, steps: trained ? 0 : steps - done, dataset }),
        );
      } finally {
        engine.dispose();
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      lines.push(
        `time: it cannot be measured here. ${error.message}`,
        leastLine(spec, dataset.count),
      );
    }
  }
  const bundle = finished ?? join(out, bundleName(source?.path ?? specName(spec), digests.run));
  return { bundle, data: describeDataset(dataset), network: summarize(plan), lines };
}

/**
 * Steps that an earlier start of a training has done; those of the bundle that it goes on from are
 * not among them.
 */
async function stepsDone(checkpoint: string, from: string | null): Promise<number> {
  const kept = await readCheckpoint(checkpoint);
  return kept ? kept.losses.length - (from === null ? 0 : readLosses(from).length) : 0;
}

interface Measured {
  spec: ResolvedSpec;
  /** Of the training, still to be done. */
  steps: number;
  dataset: Awaited<ReturnType<typeof loadDataset>>;
}

async function measuredLines(
  engine: Engine,
  { spec, steps, dataset }: Measured,
): Promise<string[]> {
  const head = `engine: ${engine.description}`;
  if (engine.name === "cpu") {
    return [
      head,
      "time: not measured; the engine cpu is a reference, and slow",
      leastLine(spec, dataset.count),
    ];
  }
  const { training, sampling } = spec;
  const unet = compileUNet(spec);
  const state = newState(unet, training.emaDecay !== null);
  try {
    const trainStep = await secondsOfStep(engine, spec, dataset, state);
    const count = Math.min(sampling.count, sampling.batchSize);
    const sampler = createSampler({
      engine,
      predict: unet.apply,
      imageShape: [spec.imageSize, spec.imageSize, spec.channels],
      sampling: { ...sampling, steps: Math.min(sampling.steps, measuredSteps) },
      classes: spec.classes,
      schedule: noiseSchedule(spec.noise),
      seed: spec.seed,
    });
    let samplingStep: number;
    try {
      await sampler.sample({ count });
      const startMs = performance.now();
      await sampler.sample({ count });
      samplingStep = (performance.now() - startMs) / 1000 / sampler.steps.length / count;
    } finally {
      sampler.dispose();
    }
    const { stepsPerEpoch } = trainingPlan(training, dataset.count);
    const previews = training.previewEveryEpochs === null
      ? 0
      : Math.floor(steps / (training.previewEveryEpochs * stepsPerEpoch));
    const image = samplingStep * sampling.steps;
    const images = sampling.count * sampling.rotation.length;
    const [fit, shown, drawn] = [
      steps * trainStep,
      previews * previewCount * image,
      images * image,
    ];
    return [
      head,
      `time: about ${roughly(fit + shown + drawn)} here, from a few measured steps: ` +
      (steps ? `training ${roughly(fit)} (${trainStep.toPrecision(3)} s a step), ` : "") +
      (previews ? `previews ${roughly(shown)}, ` : "") + `drawing ${roughly(drawn)}` +
      `; compiling, pictures${spec.evaluation.metrics.length ? " and scores" : ""} come on top`,
      engine.device === "cpu"
        ? `memory: about ${megabytes(peakBytes())} for the whole process, as measured`
        : leastLine(spec, dataset.count),
    ];
  } finally {
    disposeState(state);
  }
}

/**
 * Trains for a second or two, and tells how long a step takes without what it takes to compile it.
 */
async function secondsOfStep(
  engine: Engine,
  spec: ResolvedSpec,
  dataset: Measured["dataset"],
  state: TrainingState,
): Promise<number> {
  const stop = new AbortController();
  const reached: { step: number; seconds: number }[] = [];
  const training = {
    ...spec.training,
    epochs: null,
    images: imagesSeen(mostMeasuredSteps, spec.training, dataset.count),
  };
  const onStep = (step: number) => {
    reached.push({ step, seconds: performance.now() / 1000 });
    if (reached.length <= warmUps) return;
    const first = reached[warmUps - 1]!;
    const last = reached.at(-1)!;
    if (last.step - first.step >= measuredSteps && last.seconds - first.seconds >= 1) stop.abort();
  };
  const start = performance.now() / 1000;
  try {
    await train({
      engine,
      spec: { ...spec, training },
      dataset,
      state,
      losses: [],
      onStep,
      signal: stop.signal,
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  // Where the losses of all steps were read at once, compiling cannot be told apart.
  const first = reached.length > warmUps ? reached[warmUps - 1]! : { step: 0, seconds: start };
  const last = reached.at(-1)!;
  return (last.seconds - first.seconds) / (last.step - first.step);
}

function leastLine(spec: ResolvedSpec, images: number): string {
  return `memory: more than ${megabytes(leastMemory(spec, images))}`;
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
