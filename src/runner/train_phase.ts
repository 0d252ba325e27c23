/** Training as a part of a run: where it goes on, when it saves, what it shows. */
import { join } from "@std/path";
import { counted } from "../counted.ts";
import type { Dataset } from "../datasets/mod.ts";
import { createSampler, noiseSchedule, toPixels } from "../diffusion/mod.ts";
import type { Engine, EnginePlace } from "../engines/engine.ts";
import { requireTraining } from "../engines/trains.ts";
import { UserError } from "../errors.ts";
import { writeFileAtomic } from "../files/create.ts";
import type { TensorData } from "../formats/safetensors.ts";
import { areNumbers } from "../formats/tensors.ts";
import { imageGrid } from "../report/sheet.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../training/checkpoint.ts";
import { imagesSeen, trainingPlan } from "../training/plan.ts";
import { restoreState, stateTensors, type TrainingState, withAverage } from "../training/state.ts";
import { diverged, train } from "../training/train.ts";
import { enginePlace, placeName } from "./place.ts";
import { type Reporter, roughly } from "./reporter.ts";
import type { Stopwatch } from "./time_spent.ts";
import type { TrainedModel } from "./trained.ts";
import type { Work } from "./work.ts";

/** Images that a preview draws, as published. */
const previewCount = 8;
/** Saving takes at most this part of the time. */
const savingShare = 0.01;
/** Seconds of training before the time it will take is told. */
const measuredSeconds = 3;
/** What drawing costs of a train step's time an image, measured on CPUs; only for the estimate. */
const forwardShare = 0.27;

/** What the training of a run needs. */
export interface TrainPhase {
  engine: Engine;
  spec: ResolvedSpec;
  dataset: Dataset;
  state: TrainingState;
  /** A finished training that goes on here, or null. */
  start: TrainedModel | null;
  work: Work;
  /** The digest of the training and its data. */
  trainingKey: string;
  /** Go on with a checkpoint that another engine or kind of device made. */
  elsewhere: boolean;
  report: Reporter;
  /** Is told what was trained and saved. */
  stopwatch: Stopwatch;
  signal?: AbortSignal | undefined;
}

/** What came of it, besides the state. */
export interface Trained {
  losses: number[];
  /** uint8 [previews, count, size, size, channels], or null. */
  previews: TensorData | null;
  /** The engines, devices and threads that worked on it, the present ones last. */
  places: EnginePlace[];
  /** What a reader of the bundle should know of how it was trained. */
  notes: string[];
}

/**
 * Trains to the end, or until the signal; then the checkpoint is written before the signal's reason
 * is thrown.
 */
export async function trainPhase(options: TrainPhase): Promise<Trained> {
  const { engine, spec, dataset, state, work, trainingKey, report, signal } = options;
  requireTraining(engine, "this spec's network");
  const plan = trainingPlan(spec.training, dataset.count);
  const { stepsPerEpoch } = plan;
  const imagesBetween = (from: number, to: number) =>
    imagesSeen(to, spec.training, dataset.count) - imagesSeen(from, spec.training, dataset.count);
  const firstStep = options.start?.losses.length ?? 0;
  const steps = firstStep + plan.steps;
  const here = enginePlace(engine);
  const losses: number[] = [];
  const previews: Uint8Array[] = [];
  const places = [here];
  const notes: string[] = [];

  const found = await readCheckpoint(work.checkpoint);
  if (found) {
    refuseElsewhere(found, options);
    restoreState(state, found.tensors);
    losses.push(...found.losses);
    previews.push(...previewsOf(found.previews));
    places.unshift(...found.places.filter((other) => placeName(other) !== placeName(here)));
    notes.push(`the training went on after a stop, at step ${losses.length}`);
    if (losses.length < steps) {
      report.message(
        `going on at step ${count(losses.length)} of ${count(steps)}, where this training stopped`,
      );
    }
  } else if (options.start) {
    restoreState(state, options.start.tensors);
    losses.push(...options.start.losses);
    report.message(
      `going on from ${spec.training.from}, which was trained for ${counted(firstStep, "step")}`,
    );
  }
  const first = losses.length;
  const startMs = performance.now();
  let savedMs = startMs;
  let saveCostMs = 0;
  let saved = first;
  let told = first === steps;
  let marked = { step: 0, ms: 0 };
  // Previews are drawn between two steps and are no part of the training's speed.
  let previewSeconds = 0;
  let pausedSeconds = 0;
  let pausedMs = 0;

  async function save(): Promise<void> {
    const began = performance.now();
    const tensors = await stateTensors(state);
    // A loss may still be a number while the weights that its step made are not.
    for (const [name, { data }] of tensors) {
      if (!areNumbers(data as Float32Array)) {
        throw diverged(`after step ${losses.length}, ${name} holds what is no number`);
      }
    }
    work.check();
    await writeCheckpoint(work.checkpoint, {
      training: trainingKey,
      places,
      losses,
      tensors,
      previews: previewTensor(previews, spec),
    });
    saved = losses.length;
    savedMs = performance.now();
    options.stopwatch.trained((savedMs - startMs - pausedMs) / 1000, imagesBetween(first, saved));
    options.stopwatch.keep();
    saveCostMs = savedMs - began;
  }

  async function onStep(step: number): Promise<void> {
    const ms = performance.now();
    if (marked.ms === 0) marked = { step, ms };
    else if (!told && ms - marked.ms > 1000 * measuredSeconds) {
      told = true;
      report.message(
        estimate(options, steps, steps - step, (ms - marked.ms) / 1000 / (step - marked.step)),
      );
    }
    const epoch = Math.ceil(step / stepsPerEpoch);
    const epochs = Math.ceil(steps / stepsPerEpoch);
    const speed = step > marked.step
      ? 1000 * imagesBetween(marked.step, step) / (ms - marked.ms)
      : null;
    report.update(step, {
      epoch: `${epoch}/${epochs}`,
      loss: losses.slice(-50).reduce((a, b) => a + b, 0) / Math.min(50, losses.length),
      ...(speed ? { "images/s": speed } : {}),
    }, { pausedSeconds, secondsLeft: previewSeconds * (previewsDue(steps) - previews.length) });
    pausedSeconds = 0;
    if (previews.length < previewsDue(step)) await preview(epoch);
    else if (ms - savedMs > Math.max(20_000, saveCostMs / savingShare)) await save();
  }

  /** How many previews there should be after a step. */
  function previewsDue(step: number): number {
    const every = (spec.training.previewEveryEpochs ?? Infinity) * stepsPerEpoch;
    return Math.floor(step / every) - Math.floor(firstStep / every);
  }

  async function preview(epoch: number): Promise<void> {
    const began = performance.now();
    const pixels = await drawPreview(options);
    previews.push(pixels);
    const path = join(work.path, `preview-epoch-${String(epoch).padStart(4, "0")}.png`);
    work.check();
    writeFileAtomic(
      path,
      await imageGrid({ images: pixels, count: previewCount, ...sizeOf(spec) }, { columns: 8 }),
    );
    report.message(`epoch ${epoch}: ${path}`);
    await save();
    const ms = performance.now() - began;
    previewSeconds = pausedSeconds = ms / 1000;
    pausedMs += ms;
    if (marked.ms > 0) marked.ms += ms;
  }

  report.phase("training", steps, "steps");
  try {
    // Stopped while it was being drawn, a preview is made up for: the state is still that of its
    // step.
    if (previews.length < previewsDue(first)) await preview(Math.ceil(first / stepsPerEpoch));
    await train({
      engine,
      spec,
      dataset,
      state,
      losses,
      firstStep,
      onStep,
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    // Anything but the signal's own reason may have left the state and the losses of different
    // steps.
    if (signal?.aborted && error === signal.reason && losses.length > saved) await save();
    throw error;
  }
  if (losses.length > saved) await save();
  report.done();
  return { losses, previews: previewTensor(previews, spec), places, notes };
}

function refuseElsewhere(
  found: Checkpoint,
  { engine, trainingKey, work, elsewhere }: TrainPhase,
): void {
  if (found.training !== trainingKey) {
    throw new UserError(
      `${work.checkpoint}: this checkpoint is of another training; move it away to train anew`,
    );
  }
  const place = placeName(engine);
  const last = placeName(found.places.at(-1)!);
  if (last !== place && !elsewhere) {
    throw new UserError(
      `this training was begun on ${last}, and this is ${place}: the result would be of neither. Say --engine and ` +
        `--threads as they were, or --elsewhere to go on here all the same, which the bundle will tell; or remove ` +
        `${work.path} to begin anew`,
    );
  }
}

async function drawPreview({ engine, spec, state, signal }: TrainPhase): Promise<Uint8Array> {
  const sampler = createSampler({
    engine,
    predict: state.unet.apply,
    imageShape: [spec.imageSize, spec.imageSize, spec.channels],
    sampling: { ...spec.sampling, batchSize: previewCount },
    classes: spec.classes,
    schedule: noiseSchedule(spec.noise),
    seed: spec.seed,
  });
  try {
    return await withAverage(
      state,
      async () =>
        toPixels(await sampler.sample({ count: previewCount, ...(signal ? { signal } : {}) })),
    );
  } finally {
    sampler.dispose();
  }
}

/** How long the rest of the run will take, from the time of a step. */
function estimate(
  { spec, dataset }: TrainPhase,
  steps: number,
  stepsLeft: number,
  secondsPerStep: number,
): string {
  const { training, sampling } = spec;
  const { stepsPerEpoch } = trainingPlan(training, dataset.count);
  const forward = secondsPerStep * stepsPerEpoch / dataset.count * forwardShare * sampling.steps;
  const previews = training.previewEveryEpochs === null
    ? 0
    : Math.floor(stepsLeft / (training.previewEveryEpochs * stepsPerEpoch));
  const parts = [
    `training ${count(stepsLeft)} more of ${counted(steps, "step")} will take about ` +
    roughly(stepsLeft * secondsPerStep) + " here",
    ...(previews
      ? [`${counted(previews, "preview")} about ${roughly(previews * previewCount * forward)}`]
      : []),
    `drawing ${counted(sampling.count * sampling.rotation.length, "image")} about ` +
    roughly(sampling.count * sampling.rotation.length * forward),
  ];
  return `${parts.join(", ")}. Ctrl-C stops it; the same command goes on.`;
}

function sizeOf({ imageSize, channels }: ResolvedSpec) {
  return { imageSize, channels };
}

function previewTensor(
  previews: Uint8Array[],
  { imageSize, channels }: ResolvedSpec,
): TensorData | null {
  if (previews.length === 0) return null;
  const each = previews[0]!.length;
  const data = new Uint8Array(each * previews.length);
  previews.forEach((preview, i) => data.set(preview, i * each));
  return {
    dtype: "U8",
    shape: [previews.length, previewCount, imageSize, imageSize, channels],
    data,
  };
}

function previewsOf(tensor: TensorData | null): Uint8Array[] {
  if (!tensor) return [];
  const data = tensor.data as Uint8Array;
  const each = data.length / tensor.shape[0]!;
  return Array.from({ length: tensor.shape[0]! }, (_, i) => data.slice(i * each, (i + 1) * each));
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
