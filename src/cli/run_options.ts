/** What the verbs that run experiments share: their options, and Ctrl-C. */
import { parseArgs } from "@std/cli/parse-args";
import { UserError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { Reporter } from "../runner/reporter.ts";

const flags = { string: ["engine", "out", "data", "threads"], boolean: ["skip-bad", "elsewhere", "quiet"] } as const;
const engines = ["auto", "tensorflow", "webgpu", "cpu"] as const;

/** The exit code of a process that Ctrl-C ended, as shells have it. */
const interrupted = 130;

/** What was said on the command line. */
export interface RunArguments {
  /** The first word: a spec, or a bundle. */
  path: string;
  /** The other words: `field=value`. */
  overrides: string[];
  /** The engine's name. */
  engine: (typeof engines)[number];
  /** Threads of TensorFlow on the CPU, unless it is the default. */
  threads: number | undefined;
  /** Where bundles are written, unless it is the default. */
  out: string | undefined;
  /** Where datasets lie, unless it is the default. */
  data: string | undefined;
  /** Whether images that cannot be read are left out. */
  skipBad: boolean;
  /** Whether to go on with what another engine began. */
  elsewhere: boolean;
  /** Whether to say nothing but the result. */
  quiet: boolean;
  /** Whether to tell only what would be done. */
  dryRun: boolean;
  /** Whether to run again what is finished. */
  again: boolean;
}

/**
 * Reads the arguments of a verb that runs experiments.
 *
 * @param missing what to answer where there is no first word
 * @param more options beyond the common ones that the verb takes
 * @throws UserError for an unknown option or engine
 */
export function runArguments(
  args: string[],
  missing: string,
  more: readonly ("dry-run" | "again")[] = [],
): RunArguments {
  const boolean: string[] = [...flags.boolean, ...more], known = [...flags.string, ...boolean];
  const parsed = parseArgs(args, {
    string: flags.string,
    boolean,
    unknown: (arg: string, key?: string) => {
      if (key === undefined || !arg.startsWith("-")) return true;
      const near = nearest(key, known);
      throw new UserError(`there is no option ${arg}${near ? `; did you mean --${near}?` : ""} (--help lists them)`);
    },
  }) as Record<string, unknown> & { _: unknown[] };
  const [path, ...overrides] = parsed._.map(String);
  if (path === undefined) throw new UserError(missing);
  const said = (parsed.engine ?? "auto") as string, engine = engines.find((name) => name === said);
  if (!engine) {
    const near = nearest(said, [...engines]);
    throw new UserError(
      `there is no engine ${JSON.stringify(said)}${near ? `; did you mean ${near}?` : ""} ` +
        `(known: ${engines.join(", ")})`,
    );
  }
  return {
    path,
    overrides,
    engine,
    threads: threadsOf(parsed.threads as string | undefined),
    out: parsed.out as string | undefined,
    data: parsed.data as string | undefined,
    skipBad: parsed["skip-bad"] === true,
    elsewhere: parsed.elsewhere === true,
    quiet: parsed.quiet === true,
    dryRun: parsed["dry-run"] === true,
    again: parsed.again === true,
  };
}

function threadsOf(said: string | undefined): number | undefined {
  if (said === undefined) return undefined;
  const threads = Number(said);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 127) return threads;
  throw new UserError(`--threads takes a whole number from 1 to 127, not ${JSON.stringify(said)}`);
}

/**
 * Does something that Ctrl-C stops: at the first one the signal is aborted, so that work can be saved; a second one ends
 * the process.
 *
 * @param work what is done; its number is the exit code
 */
export async function stoppable(report: Reporter, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) Deno.exit(interrupted);
    report.message("stopping after this step; once more ends at once");
    stop.abort();
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, onSignal);
  try {
    return await work(stop.signal);
  } catch (error) {
    // Another error than the stopping itself, such as a full disk at the last saving, must be heard.
    if (!stop.signal.aborted || error !== stop.signal.reason) throw error;
    report.message("stopped; what was reached is saved, and the same command goes on there");
    return interrupted;
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, onSignal);
  }
}
