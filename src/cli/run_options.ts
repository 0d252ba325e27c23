/** Options and signal handling of the verbs that run experiments. */
import { UserError } from "../messages/errors.ts";
import { nearest } from "../messages/nearest.ts";
import type { Progress } from "../messages/progress.ts";
import { fields } from "../spec/fields.ts";
import { defaultFolder } from "./folders.ts";
import { dataFolder, parseOptions } from "./options.ts";
import { exitCodeOf, onStopSignal, savedMessage } from "./signals.ts";

const engines = ["auto", "tensorflow", "webgpu", "wasm", "cpu"] as const;

/** The parsed command line of a verb that runs experiments. */
export interface RunArguments {
  /** The first argument: a spec or a bundle. */
  path: string;
  /** The other arguments: `field=value`. */
  overrides: string[];
  /** The engine's name. */
  engine: (typeof engines)[number];
  /** TensorFlow's threads on the CPU; undefined: the default. */
  threads: number | undefined;
  /** The folder for bundles. */
  out: string;
  /** The folder of the datasets. */
  data: string;
  /** Whether to leave out images that cannot be read. */
  skipBad: boolean;
  /** Whether to resume a training that another engine started. */
  elsewhere: boolean;
  /** Whether to print only the result. */
  quiet: boolean;
  /** Whether to print what a run would do, without doing it. */
  dryRun: boolean;
  /** Whether to repeat a finished run. */
  again: boolean;
  /** Whether to retry members that failed permanently. */
  retryFailed: boolean;
  /** The current path of a bundle's images, if they have moved. */
  images: string | undefined;
  /** The bundle whose model a training started from. */
  from: string | undefined;
  /** The folder for TensorBoard's event files, if they are requested. */
  tensorboard: string | undefined;
  /** The folder for the tables of the comparison, if they are requested. */
  tables: string | undefined;
}

/**
 * Parses the command line of a verb that runs experiments.
 *
 * @param missing the message if there is no first argument
 * @param extraFlags flags of the verb beyond the common ones
 * @param extraFolders options of the verb that take a folder, beyond the common ones
 * @throws UserError for an unknown option or engine
 */
export function runArguments(
  args: string[],
  missing: string,
  extraFlags: readonly ("dry-run" | "again" | "retry-failed")[] = [],
  extraFolders: readonly ("path" | "from" | "tensorboard" | "tables")[] = [],
): RunArguments {
  const { values, flags, words } = parseOptions(
    args,
    ["engine", "out", "data", "threads", ...extraFolders],
    ["skip-bad", "elsewhere", "quiet", ...extraFlags],
    (name) => fieldHint(name, args),
  );
  const [path, ...overrides] = words;
  if (path === undefined) throw new UserError(missing);
  return {
    path,
    overrides,
    engine: parseEngine(values.engine ?? "auto"),
    threads: parseThreads(values.threads),
    out: values.out ?? defaultFolder("out"),
    data: dataFolder(values.data),
    skipBad: flags["skip-bad"],
    elsewhere: flags.elsewhere,
    quiet: flags.quiet,
    dryRun: flags["dry-run"] ?? false,
    again: flags.again ?? false,
    retryFailed: flags["retry-failed"] ?? false,
    images: values.path,
    from: values.from,
    tensorboard: values.tensorboard,
    tables: values.tables,
  };
}

function parseEngine(text: string): RunArguments["engine"] {
  const engine = engines.find((name) => name === text);
  if (engine !== undefined) return engine;
  const near = nearest(text, [...engines]);
  throw new UserError(
    `unknown engine ${JSON.stringify(text)}${near ? `; did you mean ${near}?` : ""} ` +
      `(engines: ${engines.join(", ")})`,
  );
}

function parseThreads(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 127) return threads;
  throw new UserError(
    `--threads must be a whole number from 1 to 127, not ${JSON.stringify(text)}`,
  );
}

/** Advice about a spec field that was written as an option: `--seed 3` should be `seed=3`. */
export function fieldHint(name: string, args: readonly string[]): string | undefined {
  const known = Object.keys(fields);
  const field = known.find((each) => each === name) ??
    known.find((each) => each.endsWith(`.${name}`));
  if (field === undefined) return undefined;
  const index = args.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  const [, attached] = (args[index] ?? "").split("=");
  const next = args[index + 1];
  const value = attached ?? (next === undefined || next.startsWith("-") ? "VALUE" : next);
  return `fields of the spec take no dashes: ${field}=${value}`;
}

/**
 * Runs work that a signal can stop: the first signal aborts it, so that it saves (see
 * `signals.ts`).
 *
 * @param work does the work and returns the exit code
 * @returns the exit code of the work, or of the signal
 */
export async function stoppable(
  progress: Progress,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  using handler = onStopSignal(() => {
    progress.message("stopping after this step; press Ctrl-C again to stop at once");
    stop.abort();
  });
  try {
    return await work(stop.signal);
  } catch (error) {
    // Another error, such as a full disk at the last save, must be reported.
    if (handler.received === null || error !== stop.signal.reason) throw error;
    progress.message(savedMessage(handler.received));
    return exitCodeOf(handler.received);
  }
}
