/** `deno task report`: many bundles on one page. */
import { counted } from "../counted.ts";
import { basename, dirname, join, relative, resolve } from "@std/path";
import {
  findBundles,
  isBundle,
  readAllSamples,
  readBundleSpec,
  readLosses,
  readMetrics,
} from "../bundle/read.ts";
import { UserError } from "../errors.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { writeFileAtomic } from "../files/create.ts";
import { sweepHtml, type SweepRun } from "../report/sweep.ts";
import { memberNames } from "../runner/sweep_member.ts";
import { print } from "../terminal.ts";

/** What `--help` prints. */
export const help =
  `Writes one page about many bundles, such as a sweep's: the paper's table, every run's losses and samples side by
side, and links to each bundle's own report.

Usage: deno task report OUT...

OUT is a folder with bundles in it, or bundles. The page is report.html in that folder (beside bundles); it opens from
disk without a network. Each bundle has its own report.html already, made when it was run.

  deno task report out
  deno task report out/d2n-mnistm-* out/a-mnistm-*`;

/** Writes the page and says where. */
export async function run(args: string[]): Promise<number> {
  const [first, ...more] = args;
  if (first === undefined || args.some((arg) => arg.startsWith("-"))) {
    throw new UserError(`report needs a folder of bundles, or bundles\n\n${help}`);
  }
  if (isBundle(first) && more.length === 0) {
    throw new UserError(
      `${first} is one bundle, and its report is ${
        join(first, "report.html")
      }. Name a folder of bundles, or several`,
    );
  }
  const bundles = findBundles(args);
  const folder = isBundle(first) ? dirname(resolve(first)) : first;
  const specs = bundles.map(readBundleSpec);
  const names = memberNames(specs);
  const runs: SweepRun[] = [];
  for (const [i, path] of bundles.entries()) {
    runs.push({
      name: names[i]!,
      path,
      href: relative(resolve(folder), join(resolve(path), "report.html")).split("/").map(
        encodeURIComponent,
      ).join("/"),
      spec: specs[i]!,
      losses: readLosses(path),
      samples: await readAllSamples(path),
      evaluation: readMetrics(path) as Evaluation | null,
    });
  }
  const at = join(folder, "report.html");
  writeFileAtomic(
    at,
    new TextEncoder().encode(
      sweepHtml(`${basename(resolve(folder))}: ${counted(runs.length, "run")}`, runs),
    ),
  );
  print(`${counted(runs.length, "run")} on one page: ${at}`);
  return 0;
}
