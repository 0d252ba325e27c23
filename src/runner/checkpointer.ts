/** When a training saves: often enough to lose little, seldom enough to cost little. */
import { areNumbers, toFloat32 } from "../formats/tensors.ts";
import { writeCheckpoint } from "../training/checkpoint.ts";
import { stateTensors } from "../training/state.ts";
import { diverged } from "../training/train.ts";
import { previewTensor } from "./previews.ts";
import type { TrainingRecord, TrainPhaseOptions } from "./train_phase.ts";

/** Saving takes at most this part of the time. */
const savingShare = 0.01;
/** Milliseconds between two savings at least. */
const leastMs = 20_000;

/** Keeps a training's checkpoint. */
export interface Checkpointer {
  /** Whether it is time to save. */
  isDue(): boolean;
  /** Saves what there is. */
  save(): Promise<void>;
  /** Saves what is not saved yet, if there is anything. */
  saveRest(): Promise<void>;
}

/**
 * Keeps the checkpoint of a training.
 *
 * @param onSaved is told the steps of which all is saved
 */
export function createCheckpointer(
  { state, spec, work, trainingKey }: TrainPhaseOptions,
  course: TrainingRecord,
  onSaved: (steps: number) => void,
): Checkpointer {
  const last = { steps: course.losses.length, ms: performance.now(), costMs: 0 };
  const checkpointer: Checkpointer = {
    isDue: () => performance.now() - last.ms > Math.max(leastMs, last.costMs / savingShare),
    async save() {
      const began = performance.now();
      const { losses, previews, places } = course;
      const tensors = await stateTensors(state);
      // A loss may still be a number while the weights that its step made are not.
      for (const [name, tensor] of tensors) {
        if (areNumbers(toFloat32(tensor))) continue;
        throw diverged(`after step ${losses.length}, ${name} holds what is no number`);
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
