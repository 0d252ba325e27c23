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
import { line, print, printError } from "../messages/terminal.ts";
import { tableFiles } from "../tables/files.ts";

/** What `--help` prints. */
export const help =
  `Print the paper's table from finished bundles, and how each configuration differs
from A. Write both as Markdown, CSV and LaTeX.

Usage: deno task compare OUT... [--out FOLDER]

  OUT           a bundle, or a folder of bundles

Options:
  --out FOLDER  where to write comparison.md, .csv, .tex, .json, .svg and .png, and
                comparison-differences.md, .csv and .tex (default: OUT, or the folder
                that contains the bundle)

Each configuration is a row; each dataset and metric is a column. Several seeds
become one figure with its 95 % interval. The paper's figures are next to ours. The
LaTeX needs the package booktabs.

Examples:
  deno task compare out
  deno task compare out/d2n-mnistm-* out/a-mnistm-*`;

/**
 * The scored runs among bundles. Leaves out bundles without scores, and repetitions of a run, which
 * are not further seeds.
 *
 * @param onSkip receives the reason for each bundle that is left out
 */
export function scoredRuns(
  paths: readonly string[],
  onSkip: (reason: string) => void = () => {},
): ScoredRun[] {
  const seen = new Map<string, string>();
  return findBundles(paths).flatMap((path) => {
    const bundle = openOrSkip(path, onSkip);
    if (bundle === null) return [];
    const evaluation = readMetrics(bundle);
    if (evaluation === null || evaluation.scores.length === 0) {
      onSkip(line`${path}: left out, because it has no scores`);
      return [];
    }
    const resolved = readBundleSpec(bundle);
    // The spec's digest does not cover the images and the parent.
    const { training: { from } } = resolved;
    const run = `${specDigest(resolved)} ${evaluation.reference.digest} ${from}`;
    const first = seen.get(run);
    if (first !== undefined) {
      onSkip(line`${path}: left out, because it repeats the run of ${first}`);
      return [];
    }
    seen.set(run, path);
    return [{ path, resolved, evaluation }];
  });
}

/** Opens a bundle. If it is damaged, reports that to `onSkip` and returns null. */
export function openOrSkip(path: string, onSkip: (reason: string) => void): CheckedBundle | null {
  try {
    return openBundle(path);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    onSkip(`${error.message}; left out`);
    return null;
  }
}

/** Prints and writes the tables. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = parseOptions(args, ["out"]);
  const [first] = words;
  if (first === undefined) {
    throw new UserError(`compare needs bundles or a folder of bundles\n\n${help}`);
  }
  const runs = scoredRuns(words, printError);
  if (runs.length === 0) throw new UserError(`${words.join(", ")}: no bundle here has scores`);
  const comparison = compareRuns(runs);
  print(comparisonMarkdown(comparison));
  await writeComparison(values.out ?? (isBundle(first) ? dirname(first) : first), comparison);
  return 0;
}

/** Writes the comparison's tables and its figure into a folder, and says so. */
export async function writeComparison(folder: string, comparison: Comparison): Promise<void> {
  // What draws is large, and is loaded when there is something to draw.
  const { comparisonContent } = await import("../report/comparison.ts");
  const { scatterPlot } = await import("../report/scatter.ts");
  const { svg, png } = await scatterPlot(comparisonContent(comparison));
  const encoder = new TextEncoder();
  const files: (readonly [name: string, bytes: Uint8Array])[] = [
    ...tableFiles(comparisonTables(comparison)),
    ["comparison.json", encoder.encode(comparisonJson(comparison))],
    ["comparison.svg", encoder.encode(svg)],
    ["comparison.png", png],
  ];
  writeResults(folder, files);
  print(`written: ${files.map(([name]) => join(folder, name)).join(", ")}`);
}
