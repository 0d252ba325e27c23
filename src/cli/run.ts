/** `deno task run`: from a spec to its bundle. */
import { join } from "@std/path";
import { resolvedSpecYaml } from "../bundle/layout.ts";
import { readBundleDigests } from "../bundle/read.ts";
import { findBundle } from "../runner/work.ts";
import { loadSpec, specDigest, specName } from "../spec/mod.ts";
import { createProgress } from "./progress.ts";
import { runArguments, stoppable } from "./run_options.ts";
import { print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help = `Trains and samples what a spec says, and writes a bundle.

Usage: deno task run SPEC [field=value ...] [options]

  SPEC                 a spec's YAML file, or data/spec.yaml of a bundle
  field=value          goes over the spec: training.epochs=3 kaiserBeta=1
  --engine NAME        auto (default), tensorflow, webgpu, cpu
  --threads N          of the engine tensorflow on the CPU (default: all cores); the last bits depend on it
  --out FOLDER         where bundles are written (default: out)
  --data FOLDER        where datasets lie (default: data)
  --skip-bad           leave out images that cannot be read; the bundle counts them
  --elsewhere          go on with a training that another engine or kind of device began
  --again              run again what is finished: a second bundle beside the first one, and compare
  --tensorboard FOLDER write events for TensorBoard: loss, speed, learning rate, previews, scores, the spec
  --dry-run            print the resolved spec, the network, what would be written and how long it would take
  --quiet              say nothing but where the bundle is

Stopped by Ctrl-C or killed, the same command goes on where it was.

Examples:
  deno task run experiments/quickstart.yaml
  deno task run experiments/d2n-mnistm.yaml training.epochs=10
  deno task run experiments/d2n-mnistm.yaml --engine webgpu --out /tmp/bundles`;

/** Runs the verb. */
export async function run(args: string[]): Promise<number> {
  const missing = "which spec? For example: deno task run experiments/quickstart.yaml";
  const said = runArguments(args, missing, ["dry-run", "again"], ["tensorboard"]);
  const { path, overrides, engine, threads, out, data, skipBad, elsewhere, again } = said;
  const { written, resolved } = await loadSpec(path, overrides);
  const progress = createProgress({ quiet: said.quiet });
  progress.message(
    `${specName(resolved)} on ${resolved.dataset}, spec ${specDigest(resolved).slice(0, 12)}`,
  );
  // Engines and tensors are loaded when the spec is known to be right.
  if (said.dryRun) {
    const { estimateRun } = await import("../runner/estimate.ts");
    const source = { path, text: written };
    print(resolvedSpecYaml(resolved));
    const onMeasure = () =>
      progress.message("measuring a few steps, to say how long the run would take ...");
    const told = await estimateRun(resolved, {
      engine,
      out,
      dataRoot: data,
      skipBad,
      elsewhere,
      threads,
      again,
      source,
      onMeasure,
    });
    print(told.network);
    print([`\nbundle:  ${told.bundle}`, `data:    ${told.data}`, ...told.lines].join("\n"));
    return 0;
  }
  const { runExperiment } = await import("../runner/run.ts");
  return await stoppable(progress, async (signal) => {
    const source = { path, text: written };
    const bundle = await runExperiment(resolved, {
      engine,
      out,
      dataRoot: data,
      skipBad,
      elsewhere,
      threads,
      again,
      source,
      tensorboard: said.tensorboard,
      progress,
      signal,
    });
    const original = again ? findBundle(out, readBundleDigests(bundle.path).run) : null;
    const isSecond = original !== null && original !== bundle.path;
    const isSame = !isSecond || await tellComparison(original, bundle.path);
    print(`bundle:      ${bundle.path}`);
    print(`digest:      ${bundle.digest}`);
    print(`open first:  ${firstToOpen(bundle.path)}`);
    print(`draw with:   deno task play ${bundle.path}`);
    return isSame ? 0 : 1;
  });
}

/** Says how a second bundle of a run compares; whether it is the same within the tolerances. */
async function tellComparison(first: string, second: string): Promise<boolean> {
  const { compareBundles } = await import("../runner/reproduce.ts");
  const { comparisonText } = await import("./reproduce.ts");
  const found = await compareBundles(first, second);
  print(comparisonText(found));
  return found.ok;
}

function firstToOpen(bundle: string): string {
  for (const name of ["report.html", "data/rotation.png", "data/grid.png"]) {
    const path = join(bundle, name);
    try {
      if (Deno.statSync(path).isFile) return path;
    } catch {
      // The next one, then.
    }
  }
  return join(bundle, "README.md");
}
