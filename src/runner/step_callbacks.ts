/** What comes between two steps of a training: telling, previews, scores, saving. */
import { basename, join } from "@std/path";
import { writeFileAtomic } from "../files/create.ts";
import { imageGrid } from "../report/sheet.ts";
import { createInterimScorer, interimScoresDue } from "./interim_scores.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { Pace } from "./pace.ts";
import { previewCount, previewer, previewsDue } from "./previews.ts";
import { createTrainingProgress } from "./training_progress.ts";
import type { TrainingRecord, TrainPhaseOptions } from "./train_phase.ts";

/** Does what is due between two steps. */
export interface StepCallbacks extends Disposable {
  /** So many steps are done. */
  reached(step: number): Promise<void>;
  /**
   * Makes up for a preview and scores that an earlier start was stopped in: the state is still that
   * of their step.
   */
  makeUp(): Promise<void>;
}

/** Makes what comes between the steps of a training, none of which counts as training's time. */
export function createStepCallbacks(
  options: TrainPhaseOptions,
  course: TrainingRecord,
  { pace, checkpointer }: { pace: Pace; checkpointer: Checkpointer },
): StepCallbacks {
  const { spec, dataset } = options;
  const { previews, losses, firstStep, steps, stepsPerEpoch } = course;
  const held = new DisposableStack(); // Of what is compiled with the first preview.
  const drawing = held.use(previewer(options));
  const scoring = held.use(createInterimScorer(options));
  const teller = createTrainingProgress(options, course, pace);
  const moment = (step: number) => ({ count: dataset.count, steps: step, firstStep });
  const due = (step: number) => previewsDue(spec, moment(step));
  const scoresDue = (step: number) => interimScoresDue(spec, moment(step));

  async function preview(step: number): Promise<void> {
    const began = performance.now();
    const { pixels, stepSeconds } = await drawing.draw();
    previews.push(pixels);
    await showPreview(options, { step, epoch: Math.ceil(step / stepsPerEpoch) }, pixels);
    await checkpointer.save();
    const ms = performance.now() - began;
    pace.paused(ms);
    teller.drew(stepSeconds, ms / 1000);
  }

  async function score(step: number): Promise<void> {
    const began = performance.now();
    await scoring.score(step, Math.ceil(step / stepsPerEpoch));
    const ms = performance.now() - began;
    pace.paused(ms);
    teller.scored(ms / 1000);
  }

  /** Whether there was a preview, with which all is saved. */
  async function show(step: number): Promise<boolean> {
    const isShown = previews.length < due(step);
    if (isShown) await preview(step);
    if (scoring.isDue(step, firstStep)) await score(step);
    return isShown;
  }

  return {
    async reached(step) {
      teller.reached(step, due(steps) - previews.length, scoresDue(steps) - scoresDue(step));
      const isSaved = await show(step);
      if (!isSaved && checkpointer.isDue()) await checkpointer.save();
    },
    makeUp: async () => void await show(losses.length),
    [Symbol.dispose]: () => held.dispose(),
  };
}

/** Writes a preview's images as a file beside the checkpoint, and tells where. */
async function showPreview(
  { work, progress, spec: { imageSize, channels } }: TrainPhaseOptions,
  { step, epoch }: { step: number; epoch: number },
  images: Uint8Array,
): Promise<void> {
  const path = join(work.path, `preview-epoch-${String(epoch).padStart(4, "0")}.png`);
  const pictures = { images, count: previewCount, imageSize, channels };
  const png = await imageGrid(pictures, { columns: previewCount });
  work.check();
  writeFileAtomic(path, png);
  progress.message(`epoch ${epoch}: ${path}`);
  progress.record?.({ event: "preview", step, epoch, file: basename(path) });
}
