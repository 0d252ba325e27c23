/** Why a spec is a new run: the fields in which it differs from the nearest finished run. */
import { type Difference, specDifferences } from "../spec/differences.ts";
import { type ResolvedSpec, specDigest, withoutPlaces } from "../spec/mod.ts";
import { finishedRuns, type StartedRun } from "./nearest_run.ts";

/** A finished run, and how it differs. */
interface ComparedRun {
  path: string;
  differences: Difference[];
}

/**
 * Lists the fields in which a spec differs from the nearest finished run in a folder, one per line.
 *
 * It does not read the images. If they have changed, the same spec is a new run, too.
 */
export function differencesFromNearest(spec: ResolvedSpec, out: string): string[] {
  const runs = finishedRuns(out).map((run) => compare(run, spec));
  const [nearest] = runs.toSorted((a, b) => a.differences.length - b.differences.length);
  if (!nearest) return [`${out}: there is no finished run to compare with`];
  const { path, differences } = nearest;
  if (differences.length === 0) {
    return [`${path} is this run, and it is finished, unless the images have changed`];
  }
  const width = Math.max(...differences.map((one) => one.path.length));
  return [
    `The nearest finished run is ${path}. It differs in:`,
    ...differences.map(({ path, a, b }) =>
      `  ${path.padEnd(width)}  ${formatValue(a)}, here ${formatValue(b)}`
    ),
  ];
}

function formatValue(value: unknown): string {
  return value === undefined || value === null ? "none" : JSON.stringify(value);
}

function compare(
  { path, spec, digests }: StartedRun,
  wanted: ResolvedSpec,
): ComparedRun {
  if (digests.spec === specDigest(wanted)) return { path, differences: [] };
  return { path, differences: specDifferences(spec, withoutPlaces(wanted)) };
}
