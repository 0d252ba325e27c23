/** `deno task reproduce`: a bundle's run once more, and what came out otherwise. */
import { tolerances } from "../bundle/differences.ts";
import { requireBundle } from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import type { Comparison } from "../runner/reproduce.ts";
import { createProgress } from "./progress.ts";
import { runArguments, stoppable } from "./run_options.ts";
import { line, oneLine, print } from "../messages/terminal.ts";

const percent = (share: number) => `${100 * share} %`;

/** What `--help` prints. */
export const help = `Runs a bundle again from its resolved spec and compares all files under data/.

Usage: deno task reproduce BUNDLE [options]

  --engine NAME        tensorflow, webgpu, cpu (default: the one that made the bundle)
  --threads N          of the engine tensorflow on the CPU (default: as many as made the bundle)
  --out FOLDER         where the second bundle is written (default: out)
  --data FOLDER        where datasets lie (default: data)
  --path FOLDER        where its images lie (default: where they lay when it was made)
  --from FOLDER        the bundle that it was trained from (default: the one of that digest in --out, or beside it)
  --quiet              say only what came of it

On the same engine, device, threads, processor and libraries every byte must be the same. Elsewhere sums are rounded
otherwise; then it is told which files differ and by how much, and two things pass:
  rounding     each file is near: tensors typically within ${
  percent(tolerances.tensors)
}, pixels on average within ${tolerances.pixels} of 255,
               figures within ${percent(tolerances.figures)}
  statistics   training took another course to the same end: the mean loss of the last tenth of the steps within
               ${
  percent(tolerances.lateLoss)
}, each score within ${tolerances.scoreErrors} joint standard errors
Stopped by Ctrl-C or killed, the same command goes on where it was.`;

/** Runs a bundle again. */
export async function run(args: string[]): Promise<number> {
  const missing = "which bundle? For example: deno task reproduce out/quickstart-0123456789ab";
  const { path, overrides, engine, threads, out, data, skipBad, quiet, images, from } =
    runArguments(args, missing, [], ["path", "from"]);
  if (overrides.length > 0) {
    throw new UserError(`reproduce takes one bundle and no ${overrides[0]}; see --help`);
  }
  requireBundle(path, "reproduce");
  const progress = createProgress({ quiet });
  const { reproduceBundle } = await import("../runner/reproduce.ts");
  return await stoppable(progress, async (signal) => {
    // "auto" is what nobody said: then it is the bundle's own engine.
    const named = engine === "auto" ? undefined : engine;
    const found = await reproduceBundle(path, {
      engine: named,
      threads,
      out,
      dataRoot: data,
      skipBad,
      images,
      from,
      progress,
      signal,
    });
    print(comparisonText(found));
    return found.ok ? 0 : 1;
  });
}

/** What a comparison found, for people. */
export function comparisonText(
  { bundles, same, different, verdict, statistics, excuses, ok }: Comparison,
): string {
  const judged = (within: boolean | null) =>
    within === null ? "" : within ? " (within)" : " (BEYOND)";
  // The sender wrote the first run's environment.json: the person must know on whose word.
  const excused = excuses.length === 0
    ? ""
    : `; other bytes are excused by what the first bundle's environment.json says, unchecked: ${
      oneLine(excuses.join("; "))
    }`;
  const verdicts = {
    same: `reproduced: all ${same} files under data/ are the same, byte by byte`,
    rounding:
      `reproduced within rounding: ${same} files are the same, ${different.length} differ within the tolerances${excused}`,
    statistics:
      `reproduced by its statistics: training took another course, to the same losses and scores${excused}`,
    different: "NOT reproduced: the differences are larger than the tolerances",
  };
  return [
    `first:   ${bundles[0]}`,
    `second:  ${bundles[1]}`,
    ...different.map(({ file, what, within }) => line`  ${file}: ${what}${judged(within)}`),
    ...statistics.map(({ what, within }) => line`  ${what}${judged(within)}`),
    ...(different.length === 0
      ? []
      : excuses.length === 0
      ? ["The two runs were made in the same place, where every byte must be the same."]
      : [
        "What distinguishes the two runs, as their bundles say:",
        ...excuses.map((excuse) => line`  ${excuse}`),
      ]),
    ok || verdict === "different"
      ? verdicts[verdict]
      : "NOT reproduced: nothing distinguishes the runs, and bytes differ",
  ].join("\n");
}
