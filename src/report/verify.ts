/**
 * Verifies a whole bundle: its bytes, the content of its files, and its drawings by drawing them
 * again.
 */
import type { Verification } from "../bundle/problem.ts";
import { checkBundle } from "../bundle/verify.ts";

export type { Problem, Verification } from "../bundle/problem.ts";

/**
 * Verifies a bundle. Checks every file against the manifests, and finds missing and extra files,
 * path traversal and links. Checks that the files agree with each other. Recreates the files that
 * follow from others: README, the network's table, filters, pictures, report. Needs no engine, and
 * only reads.
 *
 * @param path the bundle's folder
 * @throws UserError if the folder does not exist
 */
export function verifyBundle(path: string): Promise<Verification> {
  // The drawing code is loaded only for a bundle that is otherwise intact.
  return checkBundle(path, async (run) => (await import("./redraw.ts")).checkDrawings(run));
}
