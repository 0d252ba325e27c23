/** What a training says of itself: how far and how fast it is, and how long the rest will take. */
import { counted } from "../counted.ts";
import { imagesSeen } from "../training/plan.ts";
import type { Pace } from "./pace.ts";
import { forwardShare, previewCount, previewSampling } from "./previews.ts";
import { roughly } from "./reporter.ts";
import { drawnAngles } from "./sample_phase.ts";
import type { Course, TrainPhase } from "./train_phase.ts";

/** Seconds of warm steps, and their least number, before the time it will take is told. */
const measured = { seconds: 3, readings: 5 };
/** What was told is told anew when it is off by this part, but not sooner than after a while. */
const retold = { part: 0.15, afterSeconds: 60 };

/** Tells how a training goes. */
export interface Teller {
  /** So many steps are done, and so many previews are still to come. */
  reached(step: number, previewsLeft: number): void;
  /** A preview was drawn, a step in so long; with its file and the saving it paused so long. */
  drew(stepSeconds: number, pausedSeconds: number): void;
}

/** Makes the teller of a training. */
export function trainingTeller(
  { spec, dataset, report }: TrainPhase,
  { losses, steps, stepsPerEpoch }: Course,
  pace: Pace,
): Teller {
  // Of the last preview: all that it took, and a step of an image.
  const preview = { seconds: 0, sampleStep: null as number | null };
  let pausedSeconds = 0;
  let told: { endSeconds: number; at: number } | null = null;

  function tellTime(step: number, previewsLeft: number): void {
    const perImage = pace.secondsPerImage();
    const { readings, seconds } = pace.measured;
    if (perImage === null || readings < measured.readings || seconds < measured.seconds) return;
    const stepsLeft = steps - step;
    const { training, sampling } = spec;
    const imagesLeft = imagesSeen(steps, training, dataset.count) -
      imagesSeen(step, training, dataset.count);
    const sampleStep = preview.sampleStep ?? perImage * forwardShare * guidedTimes(spec);
    const previewSeconds = preview.seconds ||
      previewCount * previewSampling(spec).steps * sampleStep;
    const drawn = sampling.count * drawnAngles(spec).length;
    const parts = {
      training: imagesLeft * perImage,
      previews: previewsLeft * previewSeconds,
      drawing: drawn * sampling.steps * sampleStep,
    };
    const left = parts.training + parts.previews + parts.drawing;
    const now = pace.seconds();
    if (told !== null) {
      const expected = Math.max(1, told.endSeconds - now);
      const isOff = Math.abs(left - expected) > retold.part * expected;
      if (!isOff || now - told.at < retold.afterSeconds || stepsLeft === 0) return;
    }
    const again = told === null ? "will" : "will now, by the present speed,";
    told = { endSeconds: now + left, at: now };
    const words = [
      `training ${grouped(stepsLeft)} more of ${counted(steps, "step")} ${again} take about ` +
      `${roughly(parts.training)} here`,
      ...(previewsLeft
        ? [`${counted(previewsLeft, "preview")} about ${roughly(parts.previews)}`]
        : []),
      `drawing ${counted(drawn, "image")} about ${roughly(parts.drawing)}`,
    ];
    report.message(`${words.join(", ")}. Ctrl-C stops it; the same command goes on.`);
  }

  return {
    reached(step, previewsLeft) {
      if (step < steps) tellTime(step, previewsLeft);
      const perImage = pace.secondsPerImage();
      report.update(step, {
        epoch: `${Math.ceil(step / stepsPerEpoch)}/${Math.ceil(steps / stepsPerEpoch)}`,
        loss: losses.slice(-50).reduce((a, b) => a + b, 0) / Math.min(50, losses.length),
        ...(perImage ? { "images/s": 1 / perImage } : {}),
      }, { pausedSeconds, secondsLeft: preview.seconds * previewsLeft });
      pausedSeconds = 0;
    },
    drew(stepSeconds, paused) {
      preview.seconds = paused;
      pausedSeconds += paused;
      preview.sampleStep = stepSeconds / previewCount;
    },
  };
}

/** Guidance asks the network twice. */
function guidedTimes({ sampling: { guidance } }: TrainPhase["spec"]): number {
  return guidance !== null && guidance !== 1 ? 2 : 1;
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}
