/** The progress of a run, from its diary. */
import type { DiaryLine } from "../bundle/diary.ts";

/** The progress of an unfinished run. */
export interface RunProgress {
  /** "training", "drawing images", ... */
  phase: string;
  done: number;
  total: number;
  /** Mean loss of the last 50 steps; null if unknown. */
  loss: number | null;
  imagesPerSecond: number | null;
  /** Seconds left in the phase, at the speed of the last minute; null if unknown or not running. */
  secondsLeft: number | null;
}

/** How much of a phase was done at a time. */
interface Reading {
  ms: number;
  done: number;
}

/** The speed is that of lines at most this much older than the last one. */
const recentMs = 60_000;

/**
 * The progress of a run; null if its diary mentions no phase.
 *
 * @param isRunning whether the run is working, so that the time left can be estimated
 */
export function progressOf(lines: readonly DiaryLine[], isRunning: boolean): RunProgress | null {
  const start = lines.findLastIndex(({ event }) => event === "phase");
  const phase = lines[start];
  if (phase?.event !== "phase") return null;
  const readings: Reading[] = [];
  const progress: RunProgress = {
    phase: phase.phase,
    done: 0,
    total: phase.total,
    loss: lines.findLast((line) => line.event === "step")?.loss ?? null,
    imagesPerSecond: null,
    secondsLeft: null,
  };
  for (const line of lines.slice(start)) {
    if (line.event !== "step" && line.event !== "progress") continue;
    progress.done = line.event === "step" ? line.step : line.done;
    readings.push({ ms: Date.parse(line.time), done: progress.done });
    if (line.event === "step") progress.imagesPerSecond = line.imagesPerSecond;
  }
  if (isRunning) progress.secondsLeft = secondsLeft(readings, progress.total);
  return progress;
}

function secondsLeft(readings: readonly Reading[], total: number): number | null {
  const last = readings.at(-1);
  const first = last && readings.find(({ ms }) => last.ms - ms <= recentMs);
  if (!last || !first || last.done <= first.done) return null;
  return (total - last.done) * (last.ms - first.ms) / 1000 / (last.done - first.done);
}
