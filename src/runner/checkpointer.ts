/** Saves checkpoints: often enough to lose little work, rarely enough to cost little time. */
import { areNumbers, toFloat32 } from "../formats/tensors.ts";
import { writeCheckpoint } from "../training/checkpoint.ts";
import { stateTensors } from "../training/state.ts";
import { diverged } from "../training/train.ts";
import { previewTensor } from "./previews.ts";
import type { TrainingRecord, TrainPhaseOptions } from "./train_phase.ts";

/** Maximum share of the time that is spent on saving. */
const maxSavingShare = 0.01;
/** Minimum time between two checkpoints. */
const minIntervalMs = 20_000;

/** Saves a training's checkpoints. */
export interface Checkpointer {
  /** Whether it is time for a checkpoint. */
  isDue(): boolean;
  /** Saves a checkpoint now. */
  save(): Promise<void>;
  /** Saves a checkpoint if there are unsaved steps. */
  saveRest(): Promise<void>;
}

/**
 * Creates the checkpointer of a training.
 *
 * @param onSaved called with the number of saved steps
 */
export function createCheckpointer(
  { state, spec, work, trainingKey }: TrainPhaseOptions,
  course: TrainingRecord,
  onSaved: (steps: number) => void,
): Checkpointer {
  const last = { steps: course.losses.length, ms: performance.now(), costMs: 0 };
  const checkpointer: Checkpointer = {
    isDue: () =>
      performance.now() - last.ms > Math.max(minIntervalMs, last.costMs / maxSavingShare),
    async save() {
      const began = performance.now();
      const { losses, previews, places } = course;
      const tensors = await stateTensors(state);
      // The loss may still be finite when the weights of the same step are not.
      for (const [name, tensor] of tensors) {
        if (areNumbers(toFloat32(tensor))) continue;
        throw diverged(`after step ${losses.length}, ${name} contains NaN or Infinity`);
      }
      work.check();
      await writeCheckpoint(work.checkpoint, {
        training: trainingKey,
        places,
        losses,
        tensors,
        previews: previewTensor(previews, spec),
      });
      onSaved(losses.length);
      const ms = performance.now();
      Object.assign(last, { steps: losses.length, ms, costMs: ms - began });
    },
    async saveRest() {
      if (course.losses.length > last.steps) await checkpointer.save();
    },
  };
  return checkpointer;
}
