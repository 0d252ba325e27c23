/** What comes between two steps of a training: telling, previews, scores, saving. */
import { basename, join } from "@std/path";
import { writeFileAtomic } from "../files/create.ts";
import { imageGrid } from "../report/sheet.ts";
import { courseScorer, courseScoresDue } from "./course_scores.ts";
import type { Keeper } from "./keeper.ts";
import type { Pace } from "./pace.ts";
import { previewCount, previewer, previewsDue } from "./previews.ts";
import { trainingTeller } from "./telling.ts";
import type { Course, TrainPhase } from "./train_phase.ts";

/** Does what is due between two steps. */
export interface Interludes extends Disposable {
  /** So many steps are done. */
  reached(step: number): Promise<void>;
  /**
   * Makes up for a preview and scores that an earlier start was stopped in: the state is still that
   * of their step.
   */
  makeUp(): Promise<void>;
}

/** Makes what comes between the steps of a training, none of which counts as training's time. */
export function interludes(
  options: TrainPhase,
  course: Course,
  { pace, keeper }: { pace: Pace; keeper: Keeper },
): Interludes {
  const { spec, dataset } = options;
  const { previews, losses, firstStep, steps, stepsPerEpoch } = course;
  const held = new DisposableStack(); // Of what is compiled with the first preview.
  const drawing = held.use(previewer(options));
  const scoring = held.use(courseScorer(options));
  const teller = trainingTeller(options, course, pace);
  const moment = (step: number) => ({ count: dataset.count, steps: step, firstStep });
  const due = (step: number) => previewsDue(spec, moment(step));
  const scoresDue = (step: number) => courseScoresDue(spec, moment(step));

  async function preview(step: number): Promise<void> {
    const began = performance.now();
    const { pixels, stepSeconds } = await drawing.draw();
    previews.push(pixels);
    await showPreview(options, { step, epoch: Math.ceil(step / stepsPerEpoch) }, pixels);
    await keeper.save();
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
      if (!isSaved && keeper.isDue()) await keeper.save();
    },
    makeUp: async () => void await show(losses.length),
    [Symbol.dispose]: () => held.dispose(),
  };
}

/** Writes a preview's images as a file beside the checkpoint, and tells where. */
async function showPreview(
  { work, report, spec: { imageSize, channels } }: TrainPhase,
  { step, epoch }: { step: number; epoch: number },
  images: Uint8Array,
): Promise<void> {
  const path = join(work.path, `preview-epoch-${String(epoch).padStart(4, "0")}.png`);
  const pictures = { images, count: previewCount, imageSize, channels };
  const png = await imageGrid(pictures, { columns: previewCount });
  work.check();
  writeFileAtomic(path, png);
  report.message(`epoch ${epoch}: ${path}`);
  report.record?.({ event: "preview", step, epoch, file: basename(path) });
}
