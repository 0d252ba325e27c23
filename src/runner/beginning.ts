/**
 * Where a training begins: at its own checkpoint, at that of a training that differs only in its
 * length, or at the first step.
 */
import { dirname, join } from "@std/path";
import { writeFileAtomic } from "../files/create.ts";
import { counted } from "../messages/counted.ts";
import { UserError } from "../messages/errors.ts";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../training/checkpoint.ts";
import { trainingPlan } from "../training/plan.ts";
import {
  isOnlyLength,
  nearestRun,
  type StartedRun,
  trainingDifferences,
  unfinishedRuns,
} from "./nearest_run.ts";
import { checkpointOf, type Prepared } from "./prepare.ts";
import { timeName } from "./time_spent.ts";
import type { WorkFolder } from "./work.ts";

/** Where a training begins, and what to tell the person about it. */
export interface Beginning {
  /** The state to continue from, or null at the first step. */
  checkpoint: Checkpoint | null;
  /** The folder of the other training that the checkpoint comes from, if it does. */
  takenFrom: string | null;
  notice: string | null;
}

/** Finds where a training begins. */
export async function beginning(
  prepared: Prepared,
  out: string,
  { again = false, siblings }: {
    again?: boolean | undefined;
    siblings?: ReadonlySet<string> | undefined;
  },
): Promise<Beginning> {
  const checkpoint = await checkpointOf(prepared, out);
  if (checkpoint || again) return { checkpoint, takenFrom: null, notice: null };
  const other = prepared.shared ? null : await ofOtherLength(prepared, out);
  if (!other) {
    return { checkpoint: null, takenFrom: null, notice: await nearestRun(prepared, out, siblings) };
  }
  const steps = counted(other.checkpoint.losses.length, "step");
  return {
    ...other,
    notice: `this training continues from the ${steps} of ${other.takenFrom}, ` +
      "which differs only in its length",
  };
}

/**
 * The longest checkpoint of an unfinished training that did the same steps up to there. The length
 * changes no step as long as the learning rate does not fall towards the end.
 */
async function ofOtherLength(
  prepared: Prepared,
  out: string,
): Promise<{ checkpoint: Checkpoint; takenFrom: string } | null> {
  const { spec, dataset, start, digests } = prepared;
  if (spec.training.decay !== "none") return null;
  const steps = (start?.losses.length ?? 0) + trainingPlan(spec.training, dataset.count).steps;
  let longest: { checkpoint: Checkpoint; takenFrom: string } | null = null;
  for (const begun of unfinishedRuns(out)) {
    if (!isOfOtherLength(begun, prepared)) continue;
    const checkpoint = await readable(join(begun.path, "checkpoint.safetensors"));
    if (!checkpoint || checkpoint.training !== begun.digests.training) continue;
    const done = checkpoint.losses.length;
    if (done > steps || done <= (longest?.checkpoint.losses.length ?? 0)) continue;
    const own = { ...checkpoint, training: digests.training };
    longest = { checkpoint: own, takenFrom: begun.path };
  }
  return longest;
}

/** Whether a training would do the same steps as the prepared one, only more or fewer of them. */
function isOfOtherLength(begun: StartedRun, prepared: Prepared): boolean {
  return begun.spec.training.decay === "none" &&
    begun.digests.method === prepared.digests.method &&
    isOnlyLength(trainingDifferences(begun, prepared));
}

/** The checkpoint of another training; one that is damaged concerns only that training. */
async function readable(path: string): Promise<Checkpoint | null> {
  try {
    return await readCheckpoint(path);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** Copies another training's checkpoint, and the time it took, into this training's work folder. */
export async function copyCheckpoint(
  work: WorkFolder,
  checkpoint: Checkpoint | null,
  takenFrom: string,
): Promise<void> {
  if (!checkpoint) return;
  work.check();
  await writeCheckpoint(work.checkpoint, checkpoint);
  try {
    const time = Deno.readFileSync(join(takenFrom, timeName));
    writeFileAtomic(join(dirname(work.checkpoint), timeName), time);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
