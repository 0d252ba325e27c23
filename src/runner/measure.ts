/** Measures how long the parts of a run take, by running a few steps of each. */
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
import { drawnAngles } from "../spec/angles.ts";
import type { Prepared } from "./prepare.ts";
import { createPreviewer, previewSampling, previewsDue, type Sampling } from "./previews.ts";

/** Training is measured for at least so many readings after warm-up, and so many seconds. */
const minimum = { readings: 4, seconds: 1 };
/** Maximum number of training steps. */
const maxTrainingSteps = 200;
/** Number of sampling steps. */
const samplingSteps = 6;

/** Seconds that each part of a run would take on this machine. */
export interface Measured {
  training: number;
  /** One training step of a full batch. */
  step: number;
  previews: number;
  /** Drawing the images of interim scores, and measuring equivariance. */
  interimScores: number;
  drawing: number;
  /**
   * Extracting the features of all images, including those of interim scores. Null if the weights
   * are not here yet.
   */
  scoring: number | null;
}

/**
 * Measures a run.
 *
 * @param from steps done, and steps of the whole training: 0 if a trained model is reused
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
  const interim = interimSampling(spec);
  const drawn = { spec, dataset, images: spec.sampling.count + scores * interim.count };
  const scoring = await secondsOfScoring(engine, drawn, dataRoot);
  if (from.steps === 0) {
    return { training: 0, step: 0, previews: 0, interimScores: 0, drawing, scoring };
  }
  const perImage = await secondsOfTraining(engine, { spec, dataset, state });
  const seen = (step: number) => imagesSeen(step, spec.training, count);
  const repeated = async (times: number, sampling = previewSampling(spec)) =>
    times === 0 ? 0 : times * await secondsOfPreview(engine, spec, state, sampling);
  return {
    training: (seen(from.steps) - seen(from.step)) * perImage,
    step: Math.min(spec.training.batchSize, count) * perImage,
    previews: await repeated(previews),
    interimScores: await repeated(scores, interim) * interimEvaluations(spec) /
      (interim.count * interim.steps),
    drawing,
    scoring,
  };
}

/** Seconds for drawing all images of a run. */
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
    sampling: { ...sampling, steps: Math.min(sampling.steps, samplingSteps) },
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

/** Seconds for drawing one set of images during training, such as a preview, once compiled. */
async function secondsOfPreview(
  engine: Engine,
  spec: ResolvedSpec,
  state: TrainingState,
  sampling: Sampling,
): Promise<number> {
  const { batchSize, steps } = sampling;
  const count = Math.min(batchSize, sampling.count);
  const short = { ...sampling, count, steps: Math.min(steps, samplingSteps) };
  using drawing = createPreviewer({ engine, spec, state }, short);
  const { stepSeconds } = await drawing.draw();
  return stepSeconds * steps * Math.ceil(sampling.count / batchSize);
}

/** Trains for a second or two, and returns the seconds per image after compiling. */
async function secondsOfTraining(
  engine: Engine,
  { spec, dataset, state }: Pick<Prepared, "spec" | "dataset"> & { state: TrainingState },
): Promise<number> {
  const stop = new AbortController();
  const pace = startPace(spec.training.batchSize);
  const start = performance.now();
  const images = imagesSeen(maxTrainingSteps, spec.training, dataset.count);
  let last = { images: 0, seconds: 0 };
  const onStep = (step: number) => {
    const seen = imagesSeen(step, spec.training, dataset.count);
    pace.read(seen);
    last = { images: seen, seconds: (performance.now() - start) / 1000 };
    const { readings, seconds } = pace.measured;
    if (readings >= minimum.readings && seconds >= minimum.seconds) stop.abort();
  };
  const training = { ...spec.training, epochs: null, images };
  const shortened = { ...spec, training };
  const { signal } = stop;
  try {
    await train({ engine, spec: shortened, dataset, state, losses: [], onStep, signal });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  // If the losses of all steps were read at once, compiling cannot be separated from the rest.
  return pace.secondsPerImage() ?? last.seconds / last.images;
}
