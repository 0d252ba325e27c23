/** How far a run is, by its diary. */
import type { DiaryLine } from "../bundle/diary.ts";

/** Where a run is in its work. */
export interface RunProgress {
  /** "training", "drawing images", ... */
  phase: string;
  done: number;
  total: number;
  /** Mean of the last fifty steps; null where none was heard of. */
  loss: number | null;
  imagesPerSecond: number | null;
  /** Of the phase, by the speed of the last minute; null where it is not running, or too young. */
  secondsLeft: number | null;
}

/** How much of a phase is done, and when. */
interface Mark {
  ms: number;
  done: number;
}

/** Lines whose speed counts are at most so old, against the last one. */
const recentMs = 60_000;

/**
 * Where a run is; null where its diary tells of no phase.
 *
 * @param isRunning whether it goes on, so that time is left
 */
export function progressOf(lines: readonly DiaryLine[], isRunning: boolean): RunProgress | null {
  const begin = lines.findLastIndex(({ event }) => event === "phase");
  const phase = lines[begin];
  if (phase?.event !== "phase") return null;
  const marks: Mark[] = [];
  const progress: RunProgress = {
    phase: phase.phase,
    done: 0,
    total: phase.total,
    loss: lines.findLast((line) => line.event === "step")?.loss ?? null,
    imagesPerSecond: null,
    secondsLeft: null,
  };
  for (const line of lines.slice(begin)) {
    if (line.event !== "step" && line.event !== "progress") continue;
    progress.done = line.event === "step" ? line.step : line.done;
    marks.push({ ms: Date.parse(line.time), done: progress.done });
    if (line.event === "step") progress.imagesPerSecond = line.imagesPerSecond;
  }
  if (isRunning) progress.secondsLeft = secondsLeft(marks, progress.total);
  return progress;
}

function secondsLeft(marks: readonly Mark[], total: number): number | null {
  const last = marks.at(-1);
  const first = last && marks.find(({ ms }) => last.ms - ms <= recentMs);
  if (!last || !first || last.done <= first.done) return null;
  return (total - last.done) * (last.ms - first.ms) / 1000 / (last.done - first.done);
}
