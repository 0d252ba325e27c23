/** What the verbs that run experiments share: their options, and Ctrl-C. */
import { UserError } from "../messages/errors.ts";
import { nearest } from "../messages/nearest.ts";
import type { Progress } from "../messages/progress.ts";
import { fields } from "../spec/fields.ts";
import { defaultFolder } from "./folders.ts";
import { dataFolder, parseOptions } from "./options.ts";
import { exitCodeOf, onStopSignal, savedWords } from "./signals.ts";

const engines = ["auto", "tensorflow", "webgpu", "wasm", "cpu"] as const;

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
  /** Where bundles are written. */
  out: string;
  /** Where datasets lie. */
  data: string;
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
  /** Whether to try again what failed for good. */
  retryFailed: boolean;
  /** Where a bundle's images lie, in place of where they lay. */
  images: string | undefined;
  /** The bundle that another one was trained from. */
  from: string | undefined;
  /** A folder for TensorBoard's events, where they are asked for. */
  tensorboard: string | undefined;
  /** A folder for the files of tables, where they are asked for. */
  tables: string | undefined;
}

/**
 * Reads the arguments of a verb that runs experiments.
 *
 * @param missing what to answer where there is no first word
 * @param more options beyond the common ones that the verb takes
 * @param places the same of options that name a folder
 * @throws UserError for an unknown option or engine
 */
export function runArguments(
  args: string[],
  missing: string,
  more: readonly ("dry-run" | "again" | "retry-failed")[] = [],
  places: readonly ("path" | "from" | "tensorboard" | "tables")[] = [],
): RunArguments {
  const { values, flags, words } = parseOptions(
    args,
    ["engine", "out", "data", "threads", ...places],
    ["skip-bad", "elsewhere", "quiet", ...more],
    (name) => fieldHint(name, args),
  );
  const [path, ...overrides] = words;
  if (path === undefined) throw new UserError(missing);
  const said = values.engine ?? "auto";
  const engine = engines.find((name) => name === said);
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
    threads: threadsOf(values.threads),
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

/** A spec's field under an option's name: `--seed 3` was meant to be `seed=3`. */
export function fieldHint(name: string, args: readonly string[]): string | undefined {
  const known = Object.keys(fields);
  const field = known.find((each) => each === name) ??
    known.find((each) => each.endsWith(`.${name}`));
  if (field === undefined) return undefined;
  const at = args.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  const [, inside] = (args[at] ?? "").split("=");
  const behind = args[at + 1];
  const value = inside ?? (behind === undefined || behind.startsWith("-") ? "VALUE" : behind);
  return `a field of the spec is said without dashes: ${field}=${value}`;
}

function threadsOf(said: string | undefined): number | undefined {
  if (said === undefined) return undefined;
  const threads = Number(said);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 127) return threads;
  throw new UserError(`--threads takes a whole number from 1 to 127, not ${JSON.stringify(said)}`);
}

/**
 * Does something that a signal stops: at the first one the abort signal is raised, so that work can
 * be saved (see `signals.ts`).
 *
 * @param work what is done; its number is the exit code
 */
export async function stoppable(
  progress: Progress,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  using saving = onStopSignal(() => {
    progress.message("stopping after this step; Ctrl-C once more ends at once");
    stop.abort();
  });
  try {
    return await work(stop.signal);
  } catch (error) {
    // Another error than the stopping itself, such as a full disk at the last saving, must be
    // heard.
    if (saving.came === null || error !== stop.signal.reason) throw error;
    progress.message(savedWords(saving.came));
    return exitCodeOf(saving.came);
  }
}
