/** `deno task sweep`: every run that a sweep stands for. */
import { readMetrics } from "../bundle/read.ts";
import { counted } from "../messages/counted.ts";
import { compareRuns, type Comparison } from "../evaluation/table.ts";
import { comparisonMarkdown } from "../evaluation/table_text.ts";
import type { Member } from "../runner/sweep_member.ts";
import { recordSweep } from "../runner/sweep_record.ts";
import { loadSweep } from "../spec/mod.ts";
import { scoredRuns, writeComparison } from "./compare.ts";
import { defaultFolder } from "./folders.ts";
import { runArguments, stoppable } from "./run_options.ts";
import { sweepDisplay, tableLines } from "./sweep_table.ts";
import { line, print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help = `Runs every member of a sweep that is not finished yet, and compares them.

Usage: deno task sweep SPEC [field=value,value ...] [options]

  SPEC                 a spec, with or without lists under \`sweep:\`
  field=value,value    an axis of the sweep: kaiserBeta=0,1,2 architecture=B,C,D; one value goes over the spec
  --engine NAME        auto (default), tensorflow, webgpu, cpu
  --threads N          of the engine tensorflow on the CPU (default: all cores)
  --out FOLDER         where bundles are written (default: out)
  --data FOLDER        where datasets lie (default: data)
  --skip-bad           leave out images that cannot be read; the bundles count them
  --elsewhere          go on with trainings that another engine or kind of device began
  --retry-failed       try again what failed for good: trainings that diverged
  --tables FOLDER      write the comparison there, as \`deno task compare\` does
  --tensorboard FOLDER write events for TensorBoard, a folder a member
  --dry-run            list the members: which are finished, which wait, how long each would take
  --quiet              say nothing but the tables

Stopped by Ctrl-C or killed, the same command goes on where it was. A member that fails does not stop the others, and
the exit code is 1; the next start tries it again, unless its training diverged, which it would do once more. The same
command may run several times at once, on several machines that share --out: each takes what no other works on.

Examples:
  deno task sweep experiments/paper/sweep.yaml
  deno task sweep experiments/quickstart.yaml architecture=A,D seed=1,2,3`;

/** Runs the sweep, and prints its tables. */
export async function run(args: string[]): Promise<number> {
  const missing = "which sweep? For example: deno task sweep experiments/paper/sweep.yaml";
  const said = runArguments(args, missing, ["dry-run", "retry-failed"], [
    "tensorboard",
    "tables",
  ]);
  const { path, overrides, engine, threads, out, data, skipBad, elsewhere } = said;
  const { tensorboard, retryFailed, tables } = said;
  const { members: runs } = await loadSweep(path, overrides);
  const { progress, change, clear } = sweepDisplay({ quiet: said.quiet });
  progress.message(`${path}: ${counted(runs.length, "run")}`);
  // Engines and tensors are loaded when the specs are known to be right.
  if (said.dryRun) {
    const { planLines, planSweep } = await import("./sweep_plan.ts");
    progress.message("measuring a few steps of each kind of member ...");
    const options = { engine, threads, out, dataRoot: data, skipBad, elsewhere };
    const plans = await planSweep(runs.map((run) => run.resolved), options);
    print(planLines(plans).join("\n"));
    return plans.some((plan) => plan.is === "refused") ? 1 : 0;
  }
  const { runSweep } = await import("../runner/sweep.ts");
  return await stoppable(progress, async (signal) => {
    const options = {
      engine,
      threads,
      out,
      dataRoot: data,
      skipBad,
      elsewhere,
      tensorboard,
      retryFailed,
      progress,
      signal,
      onChange: change,
    };
    const name = [path, ...overrides].join(" ");
    const forget = recordSweep(out ?? defaultFolder("out"), name, runs.map((run) => run.resolved));
    const members = await runSweep(runs, options);
    if (members.every(({ state }) => state === "finished")) forget();
    // Where both are seen, the last table takes the live one's place.
    if (Deno.stdout.isTerminal()) clear();
    print(tableLines(members).join("\n"));
    const compared = comparisonOf(members);
    if (compared) print("\n" + compared.text);
    if (tables !== undefined && compared?.comparison) writeComparison(tables, compared.comparison);
    const failed = members.filter(({ state }) => state === "failed");
    if (failed.length === 0) return 0;
    print(`\n${failed.length} failed:`);
    for (const { name, reason } of failed) print(line`- ${name}: ${reason}`);
    return 1;
  });
}

/**
 * The members' scores side by side, and their text; or the text alone, which says why there are
 * none. Null where no member is finished, which has its own words.
 */
export function comparisonOf(
  members: readonly Pick<Member, "spec" | "bundle">[],
): { text: string; comparison: Comparison | null } | null {
  const bundles = members.flatMap(({ bundle }) => bundle ?? []);
  if (bundles.length === 0) return null;
  const scored = scoredRuns(bundles);
  if (scored.length > 0) {
    const comparison = compareRuns(scored);
    return { text: comparisonMarkdown(comparison), comparison };
  }
  if (members.every(({ spec }) => spec.evaluation.metrics.length === 0)) {
    return { text: "no scores to compare: evaluation.metrics is empty", comparison: null };
  }
  // What the evaluation of each said, once.
  const notes = new Set(
    bundles.flatMap((path) => readMetrics(path)?.notes ?? []),
  );
  const text = ["no scores to compare:", ...[...notes].map((note) => line`- ${note}`)].join("\n");
  return { text, comparison: null };
}
