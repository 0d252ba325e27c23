/** `deno task run`: from a spec to its bundle. */
import { join } from "@std/path";
import { resolvedSpecYaml } from "../bundle/layout.ts";
import { readBundleDigests } from "../bundle/read.ts";
import { findBundle } from "../runner/work.ts";
import { loadSpec, specDigest, specName } from "../spec/mod.ts";
import { createProgress } from "./progress.ts";
import { type RunArguments, runArguments, stoppable } from "./run_options.ts";
import { print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help = `Train and sample a spec, and write a bundle. If the run was stopped, the same
command resumes it.

Usage: deno task run SPEC [field=value ...] [options]

  SPEC                  a spec's YAML file, or data/spec.yaml of a bundle
  field=value           override a field: training.epochs=3 kaiserBeta=1

Options:
  --engine NAME         auto (default), tensorflow, webgpu, cpu
  --threads N           threads of TensorFlow on the CPU (default: all cores);
                        the last bits of the results depend on it
  --out FOLDER          where to write the bundle (default: out)
  --data FOLDER         where the datasets are (default: data)
  --skip-bad            leave out images that cannot be read; the bundle counts
                        them
  --elsewhere           resume a training that another engine or kind of device
                        started
  --again               repeat a finished run: write a second bundle next to the
                        first, and compare them
  --tensorboard FOLDER  write events for TensorBoard: loss, speed, learning rate,
                        previews, scores, the spec
  --dry-run             print the resolved spec, the network, the files and the
                        time that the run would take; run nothing
  --quiet               print only the bundle's path and digest

Examples:
  deno task run experiments/quickstart.yaml
  deno task run experiments/d2n-mnistm.yaml training.epochs=10
  deno task run experiments/d2n-mnistm.yaml --engine webgpu --out /tmp/bundles`;

/** Runs the verb. */
export async function run(args: string[]): Promise<number> {
  const missing = "run needs a spec. For example: deno task run experiments/quickstart.yaml";
  const given = runArguments(args, missing, ["dry-run", "again"], ["tensorboard"]);
  const { path, out, again } = given;
  const { written, resolved } = await loadSpec(path, given.overrides);
  const source = { path, text: written };
  const progress = createProgress({ quiet: given.quiet });
  progress.message(
    `${specName(resolved)} on ${resolved.dataset}, spec ${specDigest(resolved).slice(0, 12)}`,
  );
  const options = runOptions(given);

  // Engines and tensors are loaded only once the spec is valid.
  if (given.dryRun) {
    const { estimateRun } = await import("../runner/estimate.ts");
    print(resolvedSpecYaml(resolved));
    const onMeasure = () => progress.message("measuring a few steps to estimate the time ...");
    const estimate = await estimateRun(resolved, { ...options, source, onMeasure });
    print(estimate.network);
    print(
      [`\nbundle:  ${estimate.bundle}`, `data:    ${estimate.data}`, ...estimate.lines].join("\n"),
    );
    return 0;
  }

  const { runExperiment } = await import("../runner/run.ts");
  return await stoppable(progress, async (signal) => {
    const { tensorboard } = given;
    const bundle = await runExperiment(resolved, {
      ...options,
      source,
      tensorboard,
      progress,
      signal,
    });
    const original = again ? findBundle(out, readBundleDigests(bundle.path).run) : null;
    const isSecond = original !== null && original !== bundle.path;
    const isSame = !isSecond || await printComparison(original, bundle.path);
    print(`bundle:      ${bundle.path}`);
    print(`digest:      ${bundle.digest}`);
    print(`open first:  ${fileToOpenFirst(bundle.path)}`);
    print(`draw with:   deno task play ${bundle.path}`);
    return isSame ? 0 : 1;
  });
}

/** The options that a run and its estimate share. */
function runOptions({ engine, out, data, skipBad, elsewhere, threads, again }: RunArguments) {
  return { engine, out, dataRoot: data, skipBad, elsewhere, threads, again };
}

/** Compares two bundles of a run; returns whether they are the same within the tolerances. */
async function printComparison(first: string, second: string): Promise<boolean> {
  const { compareBundles } = await import("../runner/reproduce.ts");
  const { comparisonText } = await import("./reproduce.ts");
  const comparison = await compareBundles(first, second);
  print(comparisonText(comparison));
  return comparison.ok;
}

function fileToOpenFirst(bundle: string): string {
  for (const name of ["report.html", "data/rotation.png", "data/grid.png"]) {
    const path = join(bundle, name);
    try {
      if (Deno.statSync(path).isFile) return path;
    } catch {
      // Try the next one.
    }
  }
  return join(bundle, "README.md");
}
