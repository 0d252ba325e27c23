/** `deno task reproduce`: repeats a bundle's run and compares the results. */
import { tolerances } from "../bundle/differences.ts";
import { requireBundle } from "../bundle/read.ts";
import { UserError } from "../messages/errors.ts";
import type { Comparison } from "../runner/reproduce.ts";
import { createProgress } from "./progress.ts";
import { runArguments, stoppable } from "./run_options.ts";
import { line, oneLine, print } from "../messages/terminal.ts";

const percent = (share: number) => `${100 * share} %`;

/** What `--help` prints. */
export const help =
  `Run a bundle again from its resolved spec, and compare all files under data/. If
it was stopped, the same command resumes.

Usage: deno task reproduce BUNDLE [options]

Options:
  --engine NAME  tensorflow, webgpu, cpu (default: the bundle's engine)
  --threads N    threads of TensorFlow on the CPU (default: the bundle's number)
  --out FOLDER   where to write the second bundle (default: out)
  --data FOLDER  where the datasets are (default: data)
  --path FOLDER  where the bundle's images are, if they have moved
  --from FOLDER  the bundle that the training started from (default: found by its
                 digest in --out, or next to the bundle)
  --quiet        print only the outcome

With the same engine, device, threads, processor and libraries, every byte must be
the same. Otherwise sums round differently; the files that differ are listed, with
the size of the difference, and two outcomes count as reproduced:
  rounding    each file is close: tensors typically within ${percent(tolerances.tensors)},
              pixels on average within ${tolerances.pixels} of 255, figures within ${
    percent(tolerances.figures)
  }
  statistics  the training took another course to the same end: the mean loss of
              the last tenth of the steps within ${percent(tolerances.lateLoss)}, each score within
              ${tolerances.scoreErrors} joint standard errors

The second bundle stays in --out, with a number after its name; \`deno task status\`
marks it as a repetition.`;

/** Runs the bundle again. */
export async function run(args: string[]): Promise<number> {
  const missing =
    "reproduce needs a bundle. For example: deno task reproduce out/quickstart-0123456789ab";
  const { path, overrides, engine, threads, out, data, skipBad, quiet, images, from } =
    runArguments(args, missing, [], ["path", "from"]);
  if (overrides.length > 0) {
    throw new UserError(`reproduce takes one bundle; remove ${overrides[0]} (see --help)`);
  }
  requireBundle(path, "reproduce");
  const progress = createProgress({ quiet });
  const { reproduceBundle } = await import("../runner/reproduce.ts");
  return await stoppable(progress, async (signal) => {
    const comparison = await reproduceBundle(path, {
      // "auto" is the default, and means the bundle's own engine here.
      engine: engine === "auto" ? undefined : engine,
      threads,
      out,
      dataRoot: data,
      skipBad,
      images,
      from,
      progress,
      signal,
    });
    print(comparisonText(comparison));
    return comparison.ok ? 0 : 1;
  });
}

/** The outcome of a comparison as text. */
export function comparisonText(
  { bundles, same, different, verdict, statistics, excuses, ok }: Comparison,
): string {
  const judgement = (within: boolean | null) =>
    within === null ? "" : within ? " (within)" : " (BEYOND)";
  // The sender wrote the first environment.json: the user must know whose word it is.
  const excused = excuses.length === 0
    ? ""
    : `; different bytes are accepted because the first bundle's environment.json says, unchecked: ${
      oneLine(excuses.join("; "))
    }`;
  const verdicts = {
    same: `reproduced: all ${same} files under data/ are the same, byte by byte`,
    rounding:
      `reproduced within rounding: ${same} files are the same, ${different.length} differ within the tolerances${excused}`,
    statistics:
      `reproduced statistically: the training took another course, to the same losses and scores${excused}`,
    different: "NOT reproduced: the differences are larger than the tolerances",
  };
  return [
    `first:   ${bundles[0]}`,
    `second:  ${bundles[1]}`,
    ...different.map(({ file, what, within }) => line`  ${file}: ${what}${judgement(within)}`),
    ...statistics.map(({ what, within }) => line`  ${what}${judgement(within)}`),
    ...(different.length === 0
      ? []
      : excuses.length === 0
      ? ["Both runs were made on the same platform, where every byte must be the same."]
      : [
        "The platforms of the two runs differ, according to their bundles:",
        ...excuses.map((excuse) => line`  ${excuse}`),
      ]),
    ok || verdict === "different"
      ? verdicts[verdict]
      : "NOT reproduced: the platforms are the same, but bytes differ",
  ].join("\n");
}
