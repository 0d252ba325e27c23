/** What happens between training steps: progress, previews, interim scores, checkpoints. */
import { basename, join } from "@std/path";
import { writeFileAtomic } from "../files/create.ts";
import { imageGrid } from "../report/sheet.ts";
import { createInterimScorer, interimScoresDue } from "./interim_scores.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { Pace } from "./pace.ts";
import { createPreviewer, previewCount, previewsDue } from "./previews.ts";
import { createTrainingProgress } from "./training_progress.ts";
import type { TrainingRecord, TrainPhaseOptions } from "./train_phase.ts";

/** Does what is due between two training steps. */
export interface StepCallbacks extends Disposable {
  /** Called after each step, with the number of steps done. */
  afterStep(step: number): Promise<void>;
  /**
   * Draws a preview and computes scores that were due when an earlier start was stopped. The state
   * is still that of their step.
   */
  catchUp(): Promise<void>;
}

/** Creates the callbacks of a training. Their time does not count as training time. */
export function createStepCallbacks(
  options: TrainPhaseOptions,
  course: TrainingRecord,
  { pace, checkpointer }: { pace: Pace; checkpointer: Checkpointer },
): StepCallbacks {
  const { spec, dataset } = options;
  const { previews, losses, firstStep, steps, stepsPerEpoch } = course;
  const held = new DisposableStack(); // What the first preview and the first scores compile.
  const drawing = held.use(createPreviewer(options));
  const scoring = held.use(createInterimScorer(options));
  const display = createTrainingProgress(options, course, pace);
  const position = (step: number) => ({ count: dataset.count, steps: step, firstStep });
  const previewsBy = (step: number) => previewsDue(spec, position(step));
  const scoresBy = (step: number) => interimScoresDue(spec, position(step));

  async function preview(step: number): Promise<void> {
    const began = performance.now();
    const { pixels, stepSeconds } = await drawing.draw();
    previews.push(pixels);
    await writePreview(options, { step, epoch: Math.ceil(step / stepsPerEpoch) }, pixels);
    await checkpointer.save();
    const ms = performance.now() - began;
    pace.exclude(ms);
    display.previewDrawn(stepSeconds, ms / 1000);
  }

  async function score(step: number): Promise<void> {
    const began = performance.now();
    await scoring.score(step, Math.ceil(step / stepsPerEpoch));
    const ms = performance.now() - began;
    pace.exclude(ms);
    display.scored(ms / 1000);
  }

  /** Previews and scores what is due. Returns whether there was a preview, which also saves. */
  async function previewAndScore(step: number): Promise<boolean> {
    const isPreviewDue = previews.length < previewsBy(step);
    if (isPreviewDue) await preview(step);
    if (scoring.isDue(step, firstStep)) await score(step);
    return isPreviewDue;
  }

  return {
    async afterStep(step) {
      const previewsLeft = previewsBy(steps) - previews.length;
      display.update(step, previewsLeft, scoresBy(steps) - scoresBy(step));
      const isSaved = await previewAndScore(step);
      if (!isSaved && checkpointer.isDue()) await checkpointer.save();
    },
    catchUp: async () => void await previewAndScore(losses.length),
    [Symbol.dispose]: () => held.dispose(),
  };
}

/** Writes a preview next to the checkpoint, and says where. */
async function writePreview(
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
