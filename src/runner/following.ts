/** Connects a run to its diary and, through the diary, to TensorBoard. */
import { basename, join } from "@std/path";
import { resolvedSpecYaml } from "../bundle/layout.ts";
import { explainFolder } from "../files/results.ts";
import { specName } from "../spec/mod.ts";
import { learningRateAt, trainingPlan } from "../training/plan.ts";
import type { Diary } from "./diary.ts";
import { type DiaryLine, parseDiary } from "../bundle/diary.ts";
import type { Prepared } from "./prepare.ts";
import { type EventOptions, type EventWriter, openEvents } from "./tensorboard.ts";
import type { WorkFolder } from "./work.ts";

/**
 * Starts writing a run's diary to a file.
 *
 * @param checkLock see {@link Diary.writeTo}
 */
export function beginDiary(
  diary: Diary,
  path: string,
  prepared: Prepared,
  checkLock: () => void,
): void {
  const { spec, digests } = prepared;
  const name = basename(prepared.path).replace(/-[0-9a-f]{12}(-\d+)?$/, "");
  const start = { name, model: specName(spec), dataset: spec.dataset, run: digests.run };
  diary.learningRate = learningRateOf(prepared);
  diary.writeTo(path, start, checkLock);
}

/** The learning rate of each step; null for the steps of the parent. */
function learningRateOf({ spec, dataset, start }: Prepared): Diary["learningRate"] {
  const { steps } = trainingPlan(spec.training, dataset.count);
  const first = start?.losses.length ?? 0;
  return (done) => done <= first ? null : learningRateAt(done - 1 - first, steps, spec.training);
}

/** Records that a run was stopped, or the error that ended it. */
export function endDiary(diary: Diary, error: unknown, signal: AbortSignal | undefined): void {
  if (signal?.aborted && error === signal.reason) diary.end("stopped");
  else diary.end("failed", error instanceof Error ? error.message : String(error));
}

/**
 * Writes the diary's lines, past and future, as TensorBoard events. If writing fails later, the run
 * says so and continues.
 *
 * @param root the folder in which the run gets a folder of its own
 * @throws UserError if that folder cannot be written
 */
export function startEvents(
  root: string,
  work: WorkFolder,
  { spec, path }: Prepared,
  diary: Diary,
): EventWriter {
  const folder = join(root, basename(path));
  const events = openFolder({ folder, work: work.path, spec: resolvedSpecYaml(spec) }, diary);
  let isBroken = false;
  diary.follow((line: DiaryLine) => {
    if (isBroken) return;
    try {
      events.write(line);
    } catch (error) {
      isBroken = true;
      const reason = error instanceof Error ? error.message : String(error);
      diary.progress.message(`${folder}: ${reason}; no further TensorBoard events are written`);
    }
  });
  return events;
}

/** Opens a run's event file, and writes the events that are already in its diary. */
function openFolder(options: EventOptions, diary: Diary): EventWriter {
  try {
    const events = openEvents(options);
    for (const line of parseDiary(diary.text())) events.write(line);
    return events;
  } catch (error) {
    throw explainFolder(error, options.folder, "choose another with --tensorboard FOLDER");
  }
}
