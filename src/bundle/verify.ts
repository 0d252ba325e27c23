/**
 * Verifies bundles: every byte against the bag's manifests (`inventory.ts`, `check_bag.ts`), then
 * the files against each other (`check_content.ts`, `check_tags.ts`). Needs no engine, and only
 * permission to read. Opens nothing outside the folder, and follows no links.
 */
import { takeInventory } from "./inventory.ts";
import { checkBag } from "./check_bag.ts";
import type { CheckContext, RunContext } from "./checking.ts";
import type { Verification } from "./problem.ts";

export type { Problem, Verification } from "./problem.ts";

/** Checks the drawings by drawing them again. */
export type CheckDrawings = (run: RunContext) => Promise<void>;

/**
 * Checks a bundle: every file against the manifests, missing and extra files, path traversal and
 * links; then the files against each other.
 *
 * @param path the bundle's folder
 * @param checkDrawings checks the pictures and the report; if absent, they are not checked
 * @throws UserError if the folder does not exist
 */
export async function checkBundle(
  path: string,
  checkDrawings?: CheckDrawings,
): Promise<Verification> {
  const inventory = takeInventory(path);
  const { digestOf, files } = inventory;
  const problems = checkBag(inventory);
  const digest = digestOf.get("manifest-sha256.txt") ?? null;
  const context: CheckContext = {
    bundle: files,
    digestOf,
    digest: digest ?? "",
    problems,
    derived: ["bag-info.txt"],
    notes: [],
  };
  // The content is checked only if the bytes are intact.
  if (problems.length === 0) {
    // Loaded here, because reading specs and networks needs many modules.
    const { checkContent } = await import("./check_content.ts");
    const { checkTags } = await import("./check_tags.ts");
    const run = await checkContent(context);
    if (run !== null) await checkTags(run);
    if (run !== null && problems.length === 0) await checkDrawings?.(run);
  }
  return {
    path,
    ok: problems.length === 0,
    digest,
    files: digestOf.size,
    bytes: [...inventory.sizeOf.values()].reduce((sum, size) => sum + size, 0),
    problems,
    derived: context.derived.sort(),
    notes: context.notes,
  };
}

/** Checks that a bag is intact: its files match its manifests byte by byte. */
export function verifyBag(path: string): Verification {
  const inventory = takeInventory(path);
  const problems = checkBag(inventory);
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
