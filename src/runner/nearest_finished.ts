/** Why a spec is a new run: the fields in which it differs from what is finished. */
import { type Difference, specDifferences } from "../spec/differences.ts";
import { type ResolvedSpec, specDigest, withoutPlaces } from "../spec/mod.ts";
import { finishedRuns, type StartedRun } from "./nearest_run.ts";

/** A finished run, and in what it differs. */
interface Compared {
  path: string;
  differences: Difference[];
}

/**
 * Says by which fields a spec differs from the nearest finished run in a folder, a line each.
 *
 * The images are not looked at: where files changed under the same spec, that is another run, too.
 */
export function differencesFromNearest(spec: ResolvedSpec, out: string): string[] {
  const runs = finishedRuns(out).map((run) => compare(run, spec));
  const [nearest] = runs.toSorted((a, b) => a.differences.length - b.differences.length);
  if (!nearest) return [`${out}: no finished run to compare with`];
  const { path, differences } = nearest;
  if (differences.length === 0) {
    return [`${path} is this run, finished, unless the images have changed`];
  }
  const width = Math.max(...differences.map((one) => one.path.length));
  return [
    `The nearest finished run is ${path}. It differs in`,
    ...differences.map(({ path, a, b }) => `  ${path.padEnd(width)}  ${said(a)}, here ${said(b)}`),
  ];
}

function said(value: unknown): string {
  return value === undefined || value === null ? "none" : JSON.stringify(value);
}

function compare(
  { path, spec, digests }: StartedRun,
  wanted: ResolvedSpec,
): Compared {
  if (digests.spec === specDigest(wanted)) return { path, differences: [] };
  return { path, differences: specDifferences(spec, withoutPlaces(wanted)) };
}
