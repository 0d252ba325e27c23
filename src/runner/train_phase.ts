/** The training phase of a run: where it starts, when it saves, what it shows. */
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

/** What the training phase needs. */
export interface TrainPhaseOptions {
  engine: Engine;
  spec: ResolvedSpec;
  dataset: Dataset;
  state: TrainingState;
  /** The finished training to continue from, or null. */
  start: TrainedModel | null;
  /** The checkpoint of an earlier start of this training, or null. */
  checkpoint: Checkpoint | null;
  work: WorkFolder;
  /** The digest of the training and its data. */
  trainingKey: string;
  progress: Progress;
  /** Learns what has been trained and saved. */
  stopwatch: Stopwatch;
  /** Steps that an earlier start has already scored. */
  scored: ReadonlySet<number>;
  /** The folder of weights and caches for scoring; default `data`. */
  dataRoot?: string | undefined;
  /** Where to look for the Inception weights; tests set it. */
  weights?: FindWeightsOptions | undefined;
  signal?: AbortSignal | undefined;
}

/** The result of a training, apart from the state. */
export interface TrainingResult {
  losses: number[];
  /** uint8 [previews, count, size, size, channels], or null. */
  previews: TensorData | null;
  /** The platforms that it was trained on, the current one last. */
  places: EnginePlatform[];
  /** What a reader of the bundle should know about the training. */
  notes: string[];
}

/** The record of a training: what a checkpoint saves apart from the state, and where it stands. */
export interface TrainingRecord {
  losses: number[];
  /** With training.equivariance: that loss of each step of this start. It is shown, not saved. */
  equivarianceLosses: number[];
  previews: Uint8Array[];
  places: EnginePlatform[];
  notes: string[];
  /** Steps of the training that this one continues from. */
  firstStep: number;
  /** Steps at its end, including those. */
  steps: number;
  stepsPerEpoch: number;
}

/**
 * Trains to the end or until the signal. When stopped by the signal, writes a checkpoint before it
 * throws the signal's reason.
 */
export async function trainPhase(options: TrainPhaseOptions): Promise<TrainingResult> {
  const { engine, spec, dataset, state, progress, signal, stopwatch } = options;
  requireTraining(engine, "this spec's network");
  const record = startRecord(options);
  const { losses, equivarianceLosses, previews, firstStep, steps } = record;
  const first = losses.length;
  const seen = (step: number) =>
    imagesSeen(step, spec.training, dataset.count) -
    imagesSeen(first, spec.training, dataset.count);
  const pace = startPace(spec.training.batchSize);
  const checkpointer = createCheckpointer(options, record, (saved) => {
    stopwatch.trained(pace.seconds(), seen(saved));
    stopwatch.save();
  });
  using callbacks = createStepCallbacks(options, record, { pace, checkpointer });
  const onStep = (step: number) => {
    pace.read(seen(step));
    return callbacks.afterStep(step);
  };
  progress.phase("training", steps, "steps");
  try {
    await callbacks.catchUp();
    const stoppedBy = signal ? { signal } : {};
    await train({
      engine,
      spec,
      dataset,
      state,
      losses,
      equivarianceLosses,
      firstStep,
      onStep,
      ...stoppedBy,
    });
  } catch (error) {
    // After any other error, the state and the losses may belong to different steps.
    if (signal?.aborted && error === signal.reason) await checkpointer.saveRest();
    throw error;
  }
  await checkpointer.saveRest();
  progress.done();
  return { ...record, previews: previewTensor(previews, spec) };
}

/** Sets the state to where the training starts or resumes, and says where that is. */
function startRecord(options: TrainPhaseOptions): TrainingRecord {
  const { engine, spec, dataset, state, start, checkpoint, progress } = options;
  const plan = trainingPlan(spec.training, dataset.count);
  const firstStep = start?.losses.length ?? 0;
  const steps = firstStep + plan.steps;
  const here = enginePlatform(engine);
  const record: TrainingRecord = {
    losses: [],
    equivarianceLosses: [],
    previews: [],
    places: [here],
    notes: [],
    firstStep,
    steps,
    stepsPerEpoch: plan.stepsPerEpoch,
  };
  if (checkpoint) {
    restoreState(state, checkpoint.tensors);
    record.losses.push(...checkpoint.losses);
    record.previews.push(...previewsOf(checkpoint.previews));
    const others = checkpoint.places.filter((other) => platformName(other) !== platformName(here));
    record.places.unshift(...others);
    const done = record.losses.length;
    record.notes.push(`the training was stopped, and resumed at step ${done}`);
    if (done < steps) {
      progress.message(
        `resuming at step ${grouped(done)} of ${grouped(steps)}, where this training stopped`,
      );
    }
  } else if (start) {
    restoreState(state, start.tensors);
    record.losses.push(...start.losses);
    progress.message(`continuing from a training of ${counted(firstStep, "step")}`);
  }
  return record;
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}
