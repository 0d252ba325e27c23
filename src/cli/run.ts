/** `deno task run`: from a spec to its bundle. */
import { parseArgs } from "@std/cli/parse-args";
import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { runExperiment } from "../runner/run.ts";
import { loadSpec, specDigest, specName } from "../spec/mod.ts";
import { createProgress } from "./progress.ts";

/** What `--help` prints. */
export const help = `Trains and samples what a spec says, and writes a bundle.

Usage: deno task run SPEC [field=value ...] [options]

  SPEC                 a spec's YAML file, or data/spec.yaml of a bundle
  field=value          goes over the spec: training.epochs=3 kaiserBeta=1
  --engine NAME        auto (default), tensorflow, webgpu, cpu
  --out FOLDER         where bundles are written (default: out)
  --data FOLDER        where datasets lie (default: data)
  --skip-bad           leave out images that cannot be read; the bundle counts them
  --elsewhere          go on with a training that another engine or kind of device began
  --quiet              say nothing but where the bundle is

Stopped by Ctrl-C or killed, the same command goes on where it was.

Examples:
  deno task run experiments/quickstart.yaml
  deno task run experiments/d2n-mnistm.yaml training.epochs=10
  deno task run experiments/d2n-mnistm.yaml --engine webgpu --out /tmp/bundles`;

const flags = { string: ["engine", "out", "data"], boolean: ["skip-bad", "elsewhere", "quiet"] } as const;
const engines = ["auto", "tensorflow", "webgpu", "cpu"] as const;

/** The exit code of a process that Ctrl-C ended, as shells have it. */
const interrupted = 130;

/** Runs the verb. */
export async function run(args: string[]): Promise<number> {
  const known: string[] = [...flags.string, ...flags.boolean];
  const parsed = parseArgs(args, {
    ...flags,
    unknown: (arg: string, key?: string) => {
      if (key === undefined || !arg.startsWith("-")) return true;
      const near = nearest(key, known);
      throw new UserError(`there is no option ${arg}${near ? `; did you mean --${near}?` : ""} (--help lists them)`);
    },
  });
  const [path, ...overrides] = parsed._.map(String);
  if (path === undefined) throw new UserError("which spec? For example: deno task run experiments/quickstart.yaml");
  const engine = engines.find((name) => name === (parsed.engine ?? "auto"));
  if (!engine) {
    const near = nearest(parsed.engine!, [...engines]);
    throw new UserError(
      `there is no engine ${JSON.stringify(parsed.engine)}${near ? `; did you mean ${near}?` : ""} ` +
        `(known: ${engines.join(", ")})`,
    );
  }
  const { text, resolved } = await loadSpec(path, overrides);
  const report = createProgress({ quiet: parsed.quiet });
  report.message(`${specName(resolved)} on ${resolved.dataset}, spec ${specDigest(resolved).slice(0, 12)}`);

  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) Deno.exit(interrupted);
    report.message("stopping after this step; once more ends at once");
    stop.abort();
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, onSignal);
  try {
    const bundle = await runExperiment(resolved, {
      engine,
      out: parsed.out,
      dataRoot: parsed.data,
      skipBad: parsed["skip-bad"],
      elsewhere: parsed.elsewhere,
      source: { path, text },
      report,
      signal: stop.signal,
    });
    console.log(`bundle:      ${bundle.path}`);
    console.log(`digest:      ${bundle.digest}`);
    console.log(`open first:  ${firstToOpen(bundle.path)}`);
    return 0;
  } catch (error) {
    if (!stop.signal.aborted || error instanceof UserError) throw error;
    report.message("stopped; what was reached is saved, and the same command goes on there");
    return interrupted;
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, onSignal);
  }
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
