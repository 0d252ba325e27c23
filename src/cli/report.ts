/** `deno task report`: many bundles on one page. */
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
import { openWhole } from "./compare.ts";
import { drawnClasses } from "../spec/labels.ts";
import { parseOptions } from "./options.ts";
import { print, printBeside } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help =
  `Writes one page about many bundles, such as a sweep's: the paper's table, every run's losses and
samples side by side, and links to each bundle's own report.

Usage: deno task report OUT... [--out FOLDER]

  OUT            a folder with bundles in it, or bundles
  --out FOLDER   where report.html is written (default: that folder; beside bundles)

The page opens from disk without a network. Each bundle has its own report.html already, made when
it was run.

  deno task report out
  deno task report out/d2n-mnistm-* out/a-mnistm-*`;

/** Writes the page and says where. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = parseOptions(args, ["out"]);
  const [first, ...more] = words;
  if (first === undefined) {
    throw new UserError(`report needs a folder of bundles, or bundles\n\n${help}`);
  }
  if (isBundle(first) && more.length === 0) {
    throw new UserError(
      `${first} is one bundle, and its report is ${
        join(first, "report.html")
      }. Name a folder of bundles, or several`,
    );
  }
  const folder = isBundle(first) ? dirname(resolve(first)) : first;
  const target = values.out ?? folder;
  const runs = await runsOf(findBundles(words), resolve(target));
  const title = `${basename(resolve(folder))}: ${counted(runs.length, "run")}`;
  const at = join(target, "report.html");
  writeResults(target, [["report.html", new TextEncoder().encode(sweepHtml(title, runs))]]);
  print(`${counted(runs.length, "run")} on one page: ${at}`);
  return 0;
}

/** What the page shows of bundles; `target` is the folder from which it links to them. */
async function runsOf(paths: readonly string[], target: string): Promise<SweepRun[]> {
  const bundles = paths.flatMap((path) => openWhole(path, printBeside) ?? []);
  if (bundles.length === 0) throw new UserError("none of these bundles is whole");
  const specs = bundles.map(readBundleSpec);
  const names = namesByDataset(specs);
  const runs: SweepRun[] = [];
  for (const [i, bundle] of bundles.entries()) {
    const { path } = bundle;
    runs.push({
      name: names[i]!,
      path,
      href: addressOf(relative(target, join(resolve(path), "report.html"))),
      spec: specs[i]!,
      losses: readLosses(bundle),
      samples: await readAllSamples(bundle),
      classes: drawnClasses(specs[i]!, readClassNames(bundle)),
      evaluation: readMetrics(bundle),
    });
  }
  return runs;
}

/** A relative path as an address in a page. */
function addressOf(path: string): string {
  return path.split(SEPARATOR).map(encodeURIComponent).join("/");
}
