/** Training as a part of a run: where it goes on, when it saves, what it shows. */
import { counted } from "../messages/counted.ts";
import type { Dataset } from "../datasets/mod.ts";
import type { Engine, EnginePlatform } from "../engines/engine.ts";
import { requireTraining } from "../engines/trains.ts";
import type { TensorData } from "../formats/safetensors.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { Checkpoint } from "../training/checkpoint.ts";
import { imagesSeen, trainingPlan } from "../training/plan.ts";
import { restoreState, type TrainingState } from "../training/state.ts";
import { train } from "../training/train.ts";
import { createStepCallbacks } from "./step_callbacks.ts";
import { createCheckpointer } from "./checkpointer.ts";
import { startPace } from "./pace.ts";
import { enginePlatform, platformName } from "./platform.ts";
import { previewsOf, previewTensor } from "./previews.ts";
import type { Progress } from "../messages/progress.ts";
import type { FindWeightsOptions } from "../evaluation/inception_weights.ts";
import type { Stopwatch } from "./time_spent.ts";
import type { TrainedModel } from "./trained.ts";
import type { WorkFolder } from "./work.ts";

/** What the training of a run needs. */
export interface TrainPhaseOptions {
  engine: Engine;
  spec: ResolvedSpec;
  dataset: Dataset;
  state: TrainingState;
  /** A finished training that goes on here, or null. */
  start: TrainedModel | null;
  /** What an earlier start of this training left, or null. */
  checkpoint: Checkpoint | null;
  work: WorkFolder;
  /** The digest of the training and its data. */
  trainingKey: string;
  progress: Progress;
  /** Is told what was trained and saved. */
  stopwatch: Stopwatch;
  /** Steps after which an earlier start has scored, where the spec asks for scores on the way. */
  scored: ReadonlySet<number>;
  /** Where weights and caches of scoring lie; default `data`. */
  dataRoot?: string | undefined;
  /** Where the Inception weights are looked for; others for tests. */
  weights?: FindWeightsOptions | undefined;
  signal?: AbortSignal | undefined;
}

/** What came of it, besides the state. */
export interface TrainingResult {
  losses: number[];
  /** uint8 [previews, count, size, size, channels], or null. */
  previews: TensorData | null;
  /** The engines, devices and threads that worked on it, the present ones last. */
  places: EnginePlatform[];
  /** What a reader of the bundle should know of how it was trained. */
  notes: string[];
}

/** Where a training is: what it grows by, and what is saved of it beside the state. */
export interface TrainingRecord {
  losses: number[];
  previews: Uint8Array[];
  places: EnginePlatform[];
  notes: string[];
  /** Steps of the training that this one goes on from. */
  firstStep: number;
  /** Steps at its end, those among them. */
  steps: number;
  stepsPerEpoch: number;
}

/**
 * Trains to the end, or until the signal; then the checkpoint is written before the signal's reason
 * is thrown.
 */
export async function trainPhase(options: TrainPhaseOptions): Promise<TrainingResult> {
  const { engine, spec, dataset, state, progress, signal, stopwatch } = options;
  requireTraining(engine, "this spec's network");
  const course = beginCourse(options);
  const { losses, previews, firstStep, steps } = course;
  const first = losses.length;
  const seen = (step: number) =>
    imagesSeen(step, spec.training, dataset.count) -
    imagesSeen(first, spec.training, dataset.count);
  const pace = startPace(spec.training.batchSize);
  const checkpointer = createCheckpointer(options, course, (saved) => {
    stopwatch.trained(pace.seconds(), seen(saved));
    stopwatch.keep();
  });
  using between = createStepCallbacks(options, course, { pace, checkpointer });
  const onStep = (step: number) => {
    pace.reached(seen(step));
    return between.reached(step);
  };
  progress.phase("training", steps, "steps");
  try {
    await between.makeUp();
    const stoppedBy = signal ? { signal } : {};
    await train({ engine, spec, dataset, state, losses, firstStep, onStep, ...stoppedBy });
  } catch (error) {
    // Anything but the signal's own reason may have left the state and the losses of different
    // steps.
    if (signal?.aborted && error === signal.reason) await checkpointer.saveRest();
    throw error;
  }
  await checkpointer.saveRest();
  progress.done();
  return { ...course, previews: previewTensor(previews, spec) };
}

/** Puts the state where the training begins or goes on, and says where that is. */
function beginCourse(options: TrainPhaseOptions): TrainingRecord {
  const { engine, spec, dataset, state, start, checkpoint, progress } = options;
  const plan = trainingPlan(spec.training, dataset.count);
  const firstStep = start?.losses.length ?? 0;
  const steps = firstStep + plan.steps;
  const here = enginePlatform(engine);
  const course: TrainingRecord = {
    losses: [],
    previews: [],
    places: [here],
    notes: [],
    firstStep,
    steps,
    stepsPerEpoch: plan.stepsPerEpoch,
  };
  if (checkpoint) {
    restoreState(state, checkpoint.tensors);
    course.losses.push(...checkpoint.losses);
    course.previews.push(...previewsOf(checkpoint.previews));
    const others = checkpoint.places.filter((other) => platformName(other) !== platformName(here));
    course.places.unshift(...others);
    const done = course.losses.length;
    course.notes.push(`the training went on after a stop, at step ${done}`);
    if (done < steps) {
      progress.message(
        `going on at step ${grouped(done)} of ${grouped(steps)}, where this training stopped`,
      );
    }
  } else if (start) {
    restoreState(state, start.tensors);
    course.losses.push(...start.losses);
    progress.message(`going on from a training of ${counted(firstStep, "step")}`);
  }
  return course;
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}
