/** Why a spec is a new run: the fields in which it differs from what is finished. */
import { join } from "@std/path";
import { openBundle } from "../bundle/open.ts";
import { isBundle, readBundleDigests, readBundleSpec } from "../bundle/read.ts";
import { UserError } from "../errors.ts";
import { exists } from "../files/create.ts";
import { type Difference, specDifferences } from "../spec/differences.ts";
import { type ResolvedSpec, specDigest, withoutPlaces } from "../spec/mod.ts";

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
  { path, spec, digest }: { path: string; spec: ResolvedSpec; digest: string },
  wanted: ResolvedSpec,
): Compared {
  if (digest === specDigest(wanted)) return { path, differences: [] };
  return { path, differences: specDifferences(spec, withoutPlaces(wanted)) };
}

/** The whole bundles of runs in a folder; those of further samples are none. */
function finishedRuns(out: string) {
  if (!exists(out)) return [];
  const names = [...Deno.readDirSync(out)].filter(({ name }) => !name.startsWith("."))
    .map(({ name }) => name).sort();
  return names.map((name) => join(out, name)).filter(isBundle).flatMap((path) => {
    try {
      const bundle = openBundle(path);
      const digests = readBundleDigests(bundle);
      if (digests.parent !== undefined) return [];
      return [{ path, spec: readBundleSpec(bundle), digest: digests.spec }];
    } catch (error) {
      if (error instanceof UserError) return [];
      throw error;
    }
  });
}
