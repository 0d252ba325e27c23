/** Measuring what a run's parts take, by a few steps of each. Nothing is kept of them. */
import { createSampler, noiseSchedule } from "../diffusion/mod.ts";
import type { Engine } from "../engines/mod.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import { imagesSeen } from "../training/plan.ts";
import { disposeState, newState, type TrainingState } from "../training/state.ts";
import { train } from "../training/train.ts";
import { compileUNet } from "../unet/mod.ts";
import { secondsOfScoring } from "./measure_scoring.ts";
import { interimEvaluations, interimSampling, interimScoresDue } from "./interim_scores.ts";
import { startPace } from "./pace.ts";
import { drawnAngles } from "./sample_phase.ts";
import type { Prepared } from "./prepare.ts";
import { previewer, previewSampling, previewsDue, type Sampling } from "./previews.ts";

/** Warm steps that are measured at least, and for how long. */
const least = { readings: 4, seconds: 1 };
/** Training steps that are made at most. */
const mostTrainingSteps = 200;
/** Steps of drawing that are made. */
const drawingSteps = 6;

/** Seconds that the parts of a run would take here. */
export interface Measured {
  training: number;
  /** Of it a step of a whole batch. */
  step: number;
  previews: number;
  /** Drawing the images of scores on the way, and measuring equivariance. */
  interimScores: number;
  drawing: number;
  /** Of looking at the images, those on the way among them; null where nobody can tell before the weights are here. */
  scoring: number | null;
}

/**
 * Measures a run.
 *
 * @param from steps that are done, and all steps of this training: none where a model is taken
 */
export async function measureRun(
  engine: Engine,
  { spec, dataset }: Pick<Prepared, "spec" | "dataset">,
  from: { step: number; steps: number },
  dataRoot?: string,
): Promise<Measured> {
  const unet = compileUNet(spec);
  const state = newState(unet, spec.training.emaDecay !== null);
  using held = new DisposableStack();
  held.defer(() => disposeState(state));
  const { count } = dataset;
  const drawing = await secondsOfDrawing(engine, spec, state);
  const due = (steps: number) => previewsDue(spec, { count, steps, firstStep: 0 });
  const previews = due(from.steps) - due(from.step);
  const scored = (steps: number) => interimScoresDue(spec, { count, steps, firstStep: 0 });
  const scores = scored(from.steps) - scored(from.step);
  const course = interimSampling(spec);
  const drawn = { spec, dataset, images: spec.sampling.count + scores * course.count };
  const scoring = await secondsOfScoring(engine, drawn, dataRoot);
  if (from.steps === 0) {
    return { training: 0, step: 0, previews: 0, interimScores: 0, drawing, scoring };
  }
  const perImage = await secondsOfTraining(engine, { spec, dataset, state });
  const seen = (step: number) => imagesSeen(step, spec.training, count);
  const often = async (times: number, sampling = previewSampling(spec)) =>
    times === 0 ? 0 : times * await secondsOfPreview(engine, spec, state, sampling);
  return {
    training: (seen(from.steps) - seen(from.step)) * perImage,
    step: Math.min(spec.training.batchSize, count) * perImage,
    previews: await often(previews),
    interimScores: await often(scores, course) * interimEvaluations(spec) /
      (course.count * course.steps),
    drawing,
    scoring,
  };
}

/** Seconds of all images that a run draws. */
async function secondsOfDrawing(
  engine: Engine,
  spec: ResolvedSpec,
  state: TrainingState,
): Promise<number> {
  const { sampling } = spec;
  const reachedMs: number[] = [];
  const count = Math.min(sampling.count, sampling.batchSize);
  const sampler = createSampler({
    engine,
    predict: state.unet.apply,
    imageShape: [spec.imageSize, spec.imageSize, spec.channels],
    sampling: { ...sampling, steps: Math.min(sampling.steps, drawingSteps) },
    classes: spec.classes,
    schedule: noiseSchedule(spec.noise),
    seed: spec.seed,
  });
  using held = new DisposableStack();
  held.defer(() => sampler.dispose());
  await sampler.sample({ count }); // Compiles.
  await sampler.sample({ count, onStep: () => void reachedMs.push(performance.now()) });
  const first = reachedMs[0] ?? 0;
  const stepSeconds = ((reachedMs.at(-1) ?? 0) - first) / 1000 / sampler.steps.length;
  const batches = Math.ceil(sampling.count / sampling.batchSize) * drawnAngles(spec).length;
  return batches * sampling.steps * stepSeconds;
}

/** Seconds of images drawn while training, previews for one, once it is compiled. */
async function secondsOfPreview(
  engine: Engine,
  spec: ResolvedSpec,
  state: TrainingState,
  sampling: Sampling,
): Promise<number> {
  const { batchSize, steps } = sampling;
  const count = Math.min(batchSize, sampling.count);
  const short = { ...sampling, count, steps: Math.min(steps, drawingSteps) };
  using drawing = previewer({ engine, spec, state }, short);
  const { stepSeconds } = await drawing.draw();
  return stepSeconds * steps * Math.ceil(sampling.count / batchSize);
}

/** Trains for a second or two, and tells how long an image takes once all is compiled. */
async function secondsOfTraining(
  engine: Engine,
  { spec, dataset, state }: Pick<Prepared, "spec" | "dataset"> & { state: TrainingState },
): Promise<number> {
  const stop = new AbortController();
  const pace = startPace(spec.training.batchSize);
  const start = performance.now();
  const images = imagesSeen(mostTrainingSteps, spec.training, dataset.count);
  let last = { images: 0, seconds: 0 };
  const onStep = (step: number) => {
    const seen = imagesSeen(step, spec.training, dataset.count);
    pace.reached(seen);
    last = { images: seen, seconds: (performance.now() - start) / 1000 };
    const { readings, seconds } = pace.measured;
    if (readings >= least.readings && seconds >= least.seconds) stop.abort();
  };
  const training = { ...spec.training, epochs: null, images };
  const shortened = { ...spec, training };
  const { signal } = stop;
  try {
    await train({ engine, spec: shortened, dataset, state, losses: [], onStep, signal });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  // Where the losses of all steps were read at once, compiling cannot be told apart.
  return pace.secondsPerImage() ?? last.seconds / last.images;
}
