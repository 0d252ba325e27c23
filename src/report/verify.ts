/** Verifying a bundle whole: its bytes, what its files say, and its drawings drawn again. */
import type { Verification } from "../bundle/problem.ts";
import { judgeBundle } from "../bundle/verify.ts";

export type { Problem, Verification } from "../bundle/problem.ts";

/**
 * Verifies a bundle: every file against the manifests, missing and extra files, names that climb
 * out, links; what the files say against each other; and what can be made again from others:
 * README, network's table, filters, pictures, report. Runs without an engine, and reads only.
 *
 * @param path the bundle's folder
 * @throws UserError where there is no such folder
 */
export function verifyBundle(path: string): Promise<Verification> {
  // What draws is loaded only where there is something whole to be judged.
  return judgeBundle(path, async (run) => (await import("./redraw.ts")).judgeDrawings(run));
}
