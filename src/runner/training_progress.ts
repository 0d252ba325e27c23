/** What a training says of itself: how far and how fast it is, and how long the rest will take. */
import { counted } from "../messages/counted.ts";
import { imagesSeen } from "../training/plan.ts";
import type { Pace } from "./pace.ts";
import { interimEvaluations } from "./interim_scores.ts";
import { forwardShare, previewCount, previewSampling } from "./previews.ts";
import { roughDuration } from "../messages/duration.ts";
import { drawnAngles } from "./sample_phase.ts";
import type { TrainingRecord, TrainPhaseOptions } from "./train_phase.ts";

/** Seconds of warm steps, and their least number, before the time it will take is told. */
const measured = { seconds: 3, readings: 5 };
/** What was told is told anew when it is off by this part, but not sooner than after a while. */
const retold = { part: 0.15, afterSeconds: 60 };

/** Tells how a training goes. */
export interface TrainingProgress {
  /** So many steps are done; so many previews and moments of scoring are still to come. */
  reached(step: number, previewsLeft: number, scoresLeft: number): void;
  /** A preview was drawn, a step in so long; with its file and the saving it paused so long. */
  drew(stepSeconds: number, pausedSeconds: number): void;
  /** Scores on the way paused it so long. */
  scored(pausedSeconds: number): void;
}

/** The last preview: all that it took, and a step of an image; null before the first. */
type DrawnPreview = { seconds: number; sampleStep: number } | null;

/** Seconds that the rest of a run takes. */
export interface Rest {
  training: number;
  previews: number;
  /** Scores on the way. */
  scores: number;
  drawing: number;
}

/** Makes the teller of a training. */
export function createTrainingProgress(
  { spec, dataset, progress }: Pick<TrainPhaseOptions, "spec" | "dataset" | "progress">,
  { losses, steps, stepsPerEpoch }: Pick<TrainingRecord, "losses" | "steps" | "stepsPerEpoch">,
  pace: Pace,
): TrainingProgress {
  let preview: DrawnPreview = null;
  let scoreSeconds: number | null = null;
  let pausedSeconds = 0;
  let told: Told | null = null;
  return {
    reached(step, previewsLeft, scoresLeft) {
      const perImage = pace.secondsPerImage();
      const left = { previewsLeft, scoresLeft };
      const known = { preview, scoreSeconds };
      const rest = perImage === null || step === steps || !isMeasured(pace)
        ? null
        : restOf({ spec, count: dataset.count, step, steps, perImage, ...left, ...known });
      const now = pace.seconds();
      if (rest && isNews(told, rest, now)) {
        progress.message(restText(spec, rest, { left: steps - step, steps, ...left }, told));
        told = { endSeconds: now + sumOf(rest), at: now };
      }
      progress.update(step, {
        epoch: `${Math.ceil(step / stepsPerEpoch)}/${Math.ceil(steps / stepsPerEpoch)}`,
        loss: losses.slice(-50).reduce((a, b) => a + b, 0) / Math.min(50, losses.length),
        ...(perImage ? { "images/s": 1 / perImage } : {}),
      }, {
        pausedSeconds,
        secondsLeft: (preview?.seconds ?? 0) * previewsLeft + (scoreSeconds ?? 0) * scoresLeft,
      });
      pausedSeconds = 0;
    },
    drew(stepSeconds, paused) {
      preview = { seconds: paused, sampleStep: stepSeconds / previewCount };
      pausedSeconds += paused;
    },
    scored(paused) {
      scoreSeconds = paused;
      pausedSeconds += paused;
    },
  };
}

/** What was told: when the run ends by the pace's clock, and when that was said. */
interface Told {
  endSeconds: number;
  at: number;
}

function isMeasured({ measured: { readings, seconds } }: Pace): boolean {
  return readings >= measured.readings && seconds >= measured.seconds;
}

/** Whether the rest takes so much more or less than was told that it must be told anew. */
function isNews(told: Told | null, rest: Rest, now: number): boolean {
  if (told === null) return true;
  const expected = Math.max(1, told.endSeconds - now);
  return now - told.at >= retold.afterSeconds &&
    Math.abs(sumOf(rest) - expected) > retold.part * expected;
}

/** What the rest of a run takes, by what was measured of it so far. */
export function restOf(
  { spec, count, step, steps, previewsLeft, scoresLeft, perImage, preview, scoreSeconds }: {
    spec: TrainPhaseOptions["spec"];
    /** Images of the dataset. */
    count: number;
    step: number;
    steps: number;
    previewsLeft: number;
    scoresLeft: number;
    /** Seconds that an image takes in training. */
    perImage: number;
    preview: DrawnPreview;
    /** Of the last scores on the way; null before the first. */
    scoreSeconds: number | null;
  },
): Rest {
  const { training, sampling } = spec;
  const images = imagesSeen(steps, training, count) - imagesSeen(step, training, count);
  const sampleStep = preview?.sampleStep ?? perImage * forwardShare * guidedTimes(spec);
  const onePreview = preview?.seconds ?? previewCount * previewSampling(spec).steps * sampleStep;
  const oneScore = scoreSeconds ?? interimEvaluations(spec) * sampleStep;
  return {
    training: images * perImage,
    previews: previewsLeft * onePreview,
    scores: scoresLeft * oneScore,
    drawing: drawnImages(spec) * sampling.steps * sampleStep,
  };
}

function restText(
  spec: TrainPhaseOptions["spec"],
  rest: Rest,
  { left, steps, previewsLeft, scoresLeft }: {
    left: number;
    steps: number;
    previewsLeft: number;
    scoresLeft: number;
  },
  told: Told | null,
): string {
  const again = told === null ? "will" : "will now, by the present speed,";
  const words = [
    `training ${left.toLocaleString("en-US")} more of ${counted(steps, "step")} ${again} take ` +
    `about ${roughDuration(rest.training)} here`,
    ...(previewsLeft
      ? [`${counted(previewsLeft, "preview")} about ${roughDuration(rest.previews)}`]
      : []),
    ...(scoresLeft
      ? [`scores on the way (${counted(scoresLeft, "time")}) about ${roughDuration(rest.scores)}`]
      : []),
    `drawing ${counted(drawnImages(spec), "image")} about ${roughDuration(rest.drawing)}`,
  ];
  const scores = spec.evaluation.metrics.length > 0 ? "; scores come on top" : "";
  return `${words.join(", ")}${scores}. Ctrl-C stops it; the same command goes on.`;
}

function sumOf({ training, previews, scores, drawing }: Rest): number {
  return training + previews + scores + drawing;
}

/** Images that a run draws. */
function drawnImages(spec: TrainPhaseOptions["spec"]): number {
  return spec.sampling.count * drawnAngles(spec).length;
}

/** Guidance asks the network twice. */
function guidedTimes({ sampling: { guidance } }: TrainPhaseOptions["spec"]): number {
  return guidance !== null && guidance !== 1 ? 2 : 1;
}
