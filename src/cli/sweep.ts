/** `deno task sweep`: every run of a sweep. */
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
export const help =
  `Run the members of a sweep that are not finished yet, and compare all of them. If
it was stopped, the same command resumes.

Usage: deno task sweep SPEC [field=value,value ...] [options]

  SPEC                  a spec, with or without lists under \`sweep:\`
  field=value,value     an axis of the sweep: kaiserBeta=0,1,2 architecture=B,C,D;
                        a single value overrides the spec

Options:
  --engine NAME         auto (default), tensorflow, webgpu, cpu
  --threads N           threads of TensorFlow on the CPU (default: all cores)
  --out FOLDER          where to write the bundles (default: out)
  --data FOLDER         where the datasets are (default: data)
  --skip-bad            leave out images that cannot be read; the bundles count
                        them
  --elsewhere           resume trainings that another engine or kind of device
                        started
  --retry-failed        retry trainings that diverged
  --tables FOLDER       also write the comparison there, like \`deno task compare\`
  --tensorboard FOLDER  write events for TensorBoard, in a folder for each member
  --dry-run             list the members: finished, waiting, and the time for each
  --quiet               print only the tables

If a member fails, the others still run, and the exit code is 1. The next start
retries it, unless its training diverged, which would happen again.

You can run the same command several times at once, also on several machines that
share --out: each takes members that no other process works on.

Examples:
  deno task sweep experiments/paper/sweep.yaml
  deno task sweep experiments/quickstart.yaml architecture=A,D seed=1,2,3`;

/** Runs the sweep and prints its tables. */
export async function run(args: string[]): Promise<number> {
  const missing = "sweep needs a spec. For example: deno task sweep experiments/paper/sweep.yaml";
  const given = runArguments(args, missing, ["dry-run", "retry-failed"], [
    "tensorboard",
    "tables",
  ]);
  const { path, overrides, engine, threads, out, data, skipBad, elsewhere } = given;
  const { tensorboard, retryFailed, tables } = given;
  const { members: runs } = await loadSweep(path, overrides);
  const { progress, change, clear } = sweepDisplay({ quiet: given.quiet });
  progress.message(`${path}: ${counted(runs.length, "run")}`);

  // Engines and tensors are loaded only once the specs are valid.
  if (given.dryRun) {
    const { planLines, planSweep } = await import("./sweep_plan.ts");
    progress.message("measuring a few steps of each kind of member ...");
    const options = { engine, threads, out, dataRoot: data, skipBad, elsewhere };
    const plans = await planSweep(runs.map((run) => run.resolved), options);
    print(planLines(plans).join("\n"));
    return plans.some(({ outcome }) => outcome === "refused") ? 1 : 0;
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
    // On a terminal, the final table replaces the live one.
    if (Deno.stdout.isTerminal()) clear();
    print(tableLines(members).join("\n"));
    const compared = comparisonOf(members);
    if (compared) print("\n" + compared.text);
    if (tables !== undefined && compared?.comparison) {
      await writeComparison(tables, compared.comparison);
    }
    const failed = members.filter(({ state }) => state === "failed");
    if (failed.length === 0) return 0;
    print(`\n${failed.length} failed:`);
    for (const { name, reason } of failed) print(line`- ${name}: ${reason}`);
    return 1;
  });
}

/**
 * The comparison of the members' scores with its text, or only a text that says why there is none;
 * null if no member is finished.
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
  // The notes of the members' evaluations, each once.
  const notes = new Set(
    bundles.flatMap((path) => readMetrics(path)?.notes ?? []),
  );
  const text = ["no scores to compare:", ...[...notes].map((note) => line`- ${note}`)].join("\n");
  return { text, comparison: null };
}
