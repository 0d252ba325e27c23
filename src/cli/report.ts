/** `deno task report`: writes one page about many bundles. */
import { counted } from "../messages/counted.ts";
import { basename, dirname, join, relative, resolve, SEPARATOR } from "@std/path";
import {
  findBundles,
  isBundle,
  readAllSamples,
  readBundleSpec,
  readClassNames,
  readLosses,
  readMetrics,
} from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import { writeResults } from "../files/results.ts";
import { sweepHtml, type SweepRun } from "../report/sweep.ts";
import { namesByDataset } from "../runner/sweep_member.ts";
import { openOrSkip } from "./compare.ts";
import { drawnClasses } from "../spec/labels.ts";
import { parseOptions } from "./options.ts";
import { print, printError } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help = `Write one page about many bundles, such as those of a sweep: the paper's table,
the losses and samples of all runs side by side, and links to each bundle's report.

Usage: deno task report OUT... [--out FOLDER]

  OUT           a folder of bundles, or bundles

Options:
  --out FOLDER  where to write report.html (default: OUT, or the folder that contains
                the bundles)

The page needs no network. Every bundle contains a report.html of its own.

Examples:
  deno task report out
  deno task report out/d2n-mnistm-* out/a-mnistm-*`;

/** Writes the page and prints its path. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = parseOptions(args, ["out"]);
  const [first, ...more] = words;
  if (first === undefined) {
    throw new UserError(`report needs a folder of bundles, or bundles\n\n${help}`);
  }
  if (isBundle(first) && more.length === 0) {
    const own = join(first, "report.html");
    throw new UserError(
      `${first}: a single bundle, whose report is ${own}; name a folder of bundles, or several bundles`,
    );
  }
  const folder = isBundle(first) ? dirname(first) : first;
  const target = values.out ?? folder;
  const runs = await readRuns(findBundles(words), resolve(target));
  const title = `${basename(resolve(folder))}: ${counted(runs.length, "run")}`;
  writeResults(target, [["report.html", new TextEncoder().encode(sweepHtml(title, runs))]]);
  print(`${counted(runs.length, "run")} on one page: ${join(target, "report.html")}`);
  return 0;
}

/**
 * Reads what the page shows of each bundle.
 *
 * @param target the folder of the page, from which its links start
 */
async function readRuns(paths: readonly string[], target: string): Promise<SweepRun[]> {
  const bundles = paths.flatMap((path) => openOrSkip(path, printError) ?? []);
  if (bundles.length === 0) throw new UserError("all of these bundles are damaged");
  const specs = bundles.map(readBundleSpec);
  const names = namesByDataset(specs);
  const runs: SweepRun[] = [];
  for (const [i, bundle] of bundles.entries()) {
    const { path } = bundle;
    runs.push({
      name: names[i]!,
      path,
      href: urlPath(relative(target, join(resolve(path), "report.html"))),
      spec: specs[i]!,
      losses: readLosses(bundle),
      samples: await readAllSamples(bundle),
      classes: drawnClasses(specs[i]!, readClassNames(bundle)),
      evaluation: readMetrics(bundle),
    });
  }
  return runs;
}

/** A relative path as a URL. */
function urlPath(path: string): string {
  return path.split(SEPARATOR).map(encodeURIComponent).join("/");
}
