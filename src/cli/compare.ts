/** `deno task compare`: the paper's table from bundles. */
import { dirname, join } from "@std/path";
import { type CheckedBundle, openBundle } from "../bundle/open.ts";
import { findBundles, isBundle, readBundleSpec, readMetrics } from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import { compareRuns, type Comparison, type ScoredRun } from "../evaluation/table.ts";
import { comparisonJson, comparisonMarkdown, comparisonTables } from "../evaluation/table_text.ts";
import { writeResults } from "../files/results.ts";
import { specDigest } from "../spec/mod.ts";
import { parseOptions } from "./options.ts";
import { line, print, printBeside } from "../messages/terminal.ts";
import { tableFiles } from "../tables/files.ts";

/** What `--help` prints. */
export const help =
  `Prints the paper's table from finished bundles, and how each configuration differs from A; writes both as Markdown,
CSV and LaTeX.

Usage: deno task compare OUT... [--out FOLDER]

  OUT            a bundle, or a folder with bundles in it
  --out FOLDER   where the files are written (default: that folder; beside a bundle): comparison.md, .csv, .tex and
                 .json, and comparison-differences.md, .csv and .tex

Configurations go down, datasets and metrics across; several seeds become one figure with its 95 % interval, and the
paper's own figures stand beside ours. The LaTeX needs the package booktabs.

  deno task compare out
  deno task compare out/d2n-mnistm-* out/a-mnistm-*`;

/**
 * The scored runs among bundles; what is left out is told to `skipped`: bundles without scores, and
 * repetitions of a run, which are no further seed.
 */
export function scoredRuns(
  paths: readonly string[],
  skipped: (what: string) => void = () => {},
): ScoredRun[] {
  const seen = new Map<string, string>();
  return findBundles(paths).flatMap((path) => {
    const bundle = openWhole(path, skipped);
    if (bundle === null) return [];
    const evaluation = readMetrics(bundle);
    if (evaluation === null || evaluation.scores.length === 0) {
      skipped(line`${path}: no scores, left out`);
      return [];
    }
    const resolved = readBundleSpec(bundle);
    // Images and parent are not in the spec's digest.
    const { training: { from } } = resolved;
    const run = `${specDigest(resolved)} ${evaluation.reference.digest} ${from}`;
    const first = seen.get(run);
    if (first !== undefined) {
      skipped(line`${path}: the same run as ${first}, left out`);
      return [];
    }
    seen.set(run, path);
    return [{ path, resolved, evaluation }];
  });
}

/** The bundle at a path; null where it is not whole, which is told: nothing of it is believed. */
export function openWhole(path: string, skipped: (what: string) => void): CheckedBundle | null {
  try {
    return openBundle(path);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    skipped(`${error.message}; left out`);
    return null;
  }
}

/** Prints and writes the table. */
export function run(args: string[]): Promise<number> {
  const { values, words } = parseOptions(args, ["out"]);
  const [first] = words;
  if (first === undefined) {
    throw new UserError(`compare needs bundles, or a folder of them\n\n${help}`);
  }
  const runs = scoredRuns(words, printBeside);
  if (runs.length === 0) throw new UserError(`${words.join(", ")}: no bundle here has scores`);
  const comparison = compareRuns(runs);
  print(comparisonMarkdown(comparison));
  writeComparison(values.out ?? (isBundle(first) ? dirname(first) : first), comparison);
  return Promise.resolve(0);
}

/** Writes the comparison's tables into a folder, and says so. */
export function writeComparison(folder: string, comparison: Comparison): void {
  const json = new TextEncoder().encode(comparisonJson(comparison));
  const files = [...tableFiles(comparisonTables(comparison)), ["comparison.json", json] as const];
  writeResults(folder, files);
  print(`written: ${files.map(([name]) => join(folder, name)).join(", ")}`);
}
