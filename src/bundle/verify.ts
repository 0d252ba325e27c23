/**
 * Verifying a bundle: every byte against the bag's manifests (`inventory.ts`, `judge_bag.ts`), then
 * what the files say against each other (`meaning.ts`, `retold.ts`). Needs no engine and only the
 * permission to read; nothing outside the folder is opened, links are never followed.
 */
import { takeInventory } from "./inventory.ts";
import { judgeBag } from "./judge_bag.ts";
import type { Judging, JudgingRun } from "./judging.ts";
import type { Verification } from "./problem.ts";

export type { Problem, Verification } from "./problem.ts";

/** Judges what is drawn, by drawing it again. */
export type JudgeDrawings = (run: JudgingRun) => Promise<void>;

/**
 * Verifies a bundle: every file against the manifests, missing and extra files, names that climb
 * out, links; then what the files say against each other. Runs without an engine.
 *
 * @param path the bundle's folder
 * @param drawings judges the pictures and the report; without it they are left out
 * @throws UserError where there is no such folder
 */
export async function judgeBundle(path: string, drawings?: JudgeDrawings): Promise<Verification> {
  const inventory = takeInventory(path);
  const { digestOf, files } = inventory;
  const problems = judgeBag(inventory);
  const digest = digestOf.get("manifest-sha256.txt") ?? null;
  const judging: Judging = {
    bundle: files,
    digestOf,
    digest: digest ?? "",
    problems,
    derived: ["bag-info.txt"],
    notes: [],
  };
  // What was tampered with is not worth being understood.
  if (problems.length === 0) {
    // What reads specs and networks is loaded only where there is something whole to be judged.
    const { judgeMeaning } = await import("./meaning.ts");
    const { judgeTags } = await import("./retold.ts");
    const run = await judgeMeaning(judging);
    if (run !== null) await judgeTags(run);
    if (run !== null && problems.length === 0) await drawings?.(run);
  }
  return {
    path,
    ok: problems.length === 0,
    digest,
    files: digestOf.size,
    bytes: [...inventory.sizeOf.values()].reduce((sum, size) => sum + size, 0),
    problems,
    derived: judging.derived.sort(),
    notes: judging.notes,
  };
}

/** Checks that a bag is whole: its files are those of its manifests, byte by byte. */
export function verifyBag(path: string): Verification {
  const inventory = takeInventory(path);
  const problems = judgeBag(inventory);
  return {
    path,
    ok: problems.length === 0,
    digest: inventory.digestOf.get("manifest-sha256.txt") ?? null,
    files: inventory.digestOf.size,
    bytes: [...inventory.sizeOf.values()].reduce((sum, size) => sum + size, 0),
    problems,
    derived: [],
    notes: [],
  };
}
