/** What follows a run while it goes on: its diary, and TensorBoard's events made of that. */
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
 * Begins to keep a run's diary in a file.
 *
 * @param checkLock see {@link Diary.keepIn}
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
  diary.keepIn(path, start, checkLock);
}

/** The learning rate of a run's training after so many steps; null where it trains none of them. */
function learningRateOf({ spec, dataset, start }: Prepared): Diary["learningRate"] {
  const { steps } = trainingPlan(spec.training, dataset.count);
  const first = start?.losses.length ?? 0;
  return (done) => done <= first ? null : learningRateAt(done - 1 - first, steps, spec.training);
}

/** Writes down that a run was stopped, or what broke it. */
export function endDiary(diary: Diary, error: unknown, signal: AbortSignal | undefined): void {
  if (signal?.aborted && error === signal.reason) diary.end("stopped");
  else diary.end("failed", error instanceof Error ? error.message : String(error));
}

/**
 * Begins to write what the diary holds, and is told from now on, for TensorBoard. What cannot be
 * written later is told, and ends no run.
 *
 * @param root the folder in which the run gets one of its own
 * @throws UserError where that folder cannot be written
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
      diary.progress.message(`${folder}: ${reason}; TensorBoard gets nothing more of this run`);
    }
  });
  return events;
}

/** Opens the events of a run, and writes what its diary holds already. */
function openFolder(options: EventOptions, diary: Diary): EventWriter {
  try {
    const events = openEvents(options);
    for (const line of parseDiary(diary.text())) events.write(line);
    return events;
  } catch (error) {
    throw explainFolder(error, options.folder, "--tensorboard FOLDER names another place");
  }
}
