/** Reports a training's progress: steps, loss, speed, and the estimated rest of the run. */
import { counted } from "../messages/counted.ts";
import { imagesSeen } from "../training/plan.ts";
import type { Pace } from "./pace.ts";
import { interimEvaluations } from "./interim_scores.ts";
import { forwardShare, previewCount, previewSampling } from "./previews.ts";
import { roughDuration } from "../messages/duration.ts";
import { drawnAngles } from "../spec/angles.ts";
import type { TrainingRecord, TrainPhaseOptions } from "./train_phase.ts";

/** Minimum measuring after warm-up before the first estimate. */
const minMeasured = { seconds: 3, readings: 5 };
/** An estimate is repeated if it is off by this share, and if the last one is this old. */
const repeatEstimate = { share: 0.15, afterSeconds: 60 };

/** Reports a training's progress. */
export interface TrainingProgress {
  /** Reports the number of steps done. Also takes how many previews and interim scores are left. */
  update(step: number, previewsLeft: number, scoresLeft: number): void;
  /**
   * Notes that a preview was drawn.
   *
   * @param stepSeconds duration of a sampling step
   * @param pausedSeconds how long training paused for it, including writing and saving
   */
  previewDrawn(stepSeconds: number, pausedSeconds: number): void;
  /** Notes that interim scores were computed, and how long training paused for them. */
  scored(pausedSeconds: number): void;
}

/** Seconds of the last preview, in total and per image and step; null before the first. */
type PreviewTime = { seconds: number; sampleStep: number } | null;

/** Estimated seconds until the end of a run. */
export interface TimeLeft {
  training: number;
  previews: number;
  /** Interim scores. */
  scores: number;
  drawing: number;
}

/** Starts reporting a training's progress. */
export function createTrainingProgress(
  { spec, dataset, progress }: Pick<TrainPhaseOptions, "spec" | "dataset" | "progress">,
  { losses, equivarianceLosses, steps, stepsPerEpoch }: Pick<
    TrainingRecord,
    "losses" | "equivarianceLosses" | "steps" | "stepsPerEpoch"
  >,
  pace: Pace,
): TrainingProgress {
  let preview: PreviewTime = null;
  let scoreSeconds: number | null = null;
  let pausedSeconds = 0;
  let estimate: Estimate | null = null;
  return {
    update(step, previewsLeft, scoresLeft) {
      const perImage = pace.secondsPerImage();
      const left = { previewsLeft, scoresLeft };
      const known = { preview, scoreSeconds };
      const timeLeft = perImage === null || step === steps || !isMeasured(pace)
        ? null
        : timeLeftOf({ spec, count: dataset.count, step, steps, perImage, ...left, ...known });
      const now = pace.seconds();
      if (timeLeft && isNews(estimate, timeLeft, now)) {
        const isFirst = estimate === null;
        const counts = { left: steps - step, steps, ...left };
        progress.message(estimateText(spec, timeLeft, counts, isFirst));
        estimate = { endSeconds: now + totalOf(timeLeft), at: now };
      }
      progress.update(step, {
        epoch: `${Math.ceil(step / stepsPerEpoch)}/${Math.ceil(steps / stepsPerEpoch)}`,
        loss: meanOfLast(losses),
        ...(equivarianceLosses.length > 0
          ? { "equivariance loss": meanOfLast(equivarianceLosses) }
          : {}),
        ...(perImage ? { "images/s": 1 / perImage } : {}),
      }, {
        pausedSeconds,
        secondsLeft: (preview?.seconds ?? 0) * previewsLeft + (scoreSeconds ?? 0) * scoresLeft,
      });
      pausedSeconds = 0;
    },
    previewDrawn(stepSeconds, paused) {
      preview = { seconds: paused, sampleStep: stepSeconds / previewCount };
      pausedSeconds += paused;
    },
    scored(paused) {
      scoreSeconds = paused;
      pausedSeconds += paused;
    },
  };
}

/** The mean of the last 50 losses. */
function meanOfLast(losses: readonly number[]): number {
  return losses.slice(-50).reduce((a, b) => a + b, 0) / Math.min(50, losses.length);
}

/** The last reported estimate, in seconds of the pace's clock. */
interface Estimate {
  /** When the run will end. */
  endSeconds: number;
  /** When the estimate was reported. */
  at: number;
}

function isMeasured({ measured: { readings, seconds } }: Pace): boolean {
  return readings >= minMeasured.readings && seconds >= minMeasured.seconds;
}

/** Whether an estimate is the first one, or differs enough from the last one to be reported. */
function isNews(last: Estimate | null, timeLeft: TimeLeft, now: number): boolean {
  if (last === null) return true;
  const expected = Math.max(1, last.endSeconds - now);
  return now - last.at >= repeatEstimate.afterSeconds &&
    Math.abs(totalOf(timeLeft) - expected) > repeatEstimate.share * expected;
}

/** Estimates the rest of a run from the measurements so far. */
export function timeLeftOf(
  { spec, count, step, steps, previewsLeft, scoresLeft, perImage, preview, scoreSeconds }: {
    spec: TrainPhaseOptions["spec"];
    /** Number of images in the dataset. */
    count: number;
    step: number;
    steps: number;
    previewsLeft: number;
    scoresLeft: number;
    /** Seconds per image in training. */
    perImage: number;
    preview: PreviewTime;
    /** Seconds of the last interim scores; null before the first. */
    scoreSeconds: number | null;
  },
): TimeLeft {
  const { training, sampling } = spec;
  const images = imagesSeen(steps, training, count) - imagesSeen(step, training, count);
  const sampleStep = preview?.sampleStep ??
    perImage / passesOf(spec) * forwardShare * guidedTimes(spec);
  const onePreview = preview?.seconds ?? previewCount * previewSampling(spec).steps * sampleStep;
  const oneScore = scoreSeconds ?? interimEvaluations(spec) * sampleStep;
  return {
    training: images * perImage,
    previews: previewsLeft * onePreview,
    scores: scoresLeft * oneScore,
    drawing: drawnImages(spec) * sampling.steps * sampleStep,
  };
}

function estimateText(
  spec: TrainPhaseOptions["spec"],
  timeLeft: TimeLeft,
  { left, steps, previewsLeft, scoresLeft }: {
    left: number;
    steps: number;
    previewsLeft: number;
    scoresLeft: number;
  },
  isFirst: boolean,
): string {
  const now = isFirst ? "" : "at the current speed, ";
  const parts = [
    `${now}training ${left.toLocaleString("en-US")} more of ${counted(steps, "step")} will take ` +
    `about ${roughDuration(timeLeft.training)}`,
    ...(previewsLeft
      ? [`${counted(previewsLeft, "preview")} about ${roughDuration(timeLeft.previews)}`]
      : []),
    ...(scoresLeft
      ? [`interim scores (${counted(scoresLeft, "time")}) about ${roughDuration(timeLeft.scores)}`]
      : []),
    `drawing ${counted(drawnImages(spec), "image")} about ${roughDuration(timeLeft.drawing)}`,
  ];
  const scores = spec.evaluation.metrics.length > 0 ? ", plus scoring" : "";
  return `${parts.join(", ")}${scores}. Ctrl-C stops the run; the same command resumes it.`;
}

function totalOf({ training, previews, scores, drawing }: TimeLeft): number {
  return training + previews + scores + drawing;
}

/** Number of images that a run draws. */
function drawnImages(spec: TrainPhaseOptions["spec"]): number {
  return spec.sampling.count * drawnAngles(spec).length;
}

/** Passes through the network per image in training: the equivariance loss needs two. */
function passesOf({ training: { equivariance } }: TrainPhaseOptions["spec"]): number {
  return equivariance ? 2 : 1;
}

/** Network evaluations per sampling step: guidance needs two. */
function guidedTimes({ sampling: { guidance } }: TrainPhaseOptions["spec"]): number {
  return guidance !== null && guidance !== 1 ? 2 : 1;
}
