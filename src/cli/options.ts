/** Parses the options of a verb. */
import { parseArgs } from "@std/cli/parse-args";
import { UserError } from "../messages/errors.ts";
import { explainInputError } from "../formats/input.ts";
import { nearest } from "../messages/nearest.ts";
import { defaultFolder } from "./folders.ts";

/** A parsed command line. */
export interface Options<Value extends string, Flag extends string> {
  /** The values of options, by name. */
  values: Partial<Record<Value, string>>;
  /** Whether each flag is set. */
  flags: Record<Flag, boolean>;
  /** All other arguments, in order. */
  words: string[];
}

/**
 * Parses the options of a verb.
 *
 * @param values names of the options that take a value: `--out FOLDER` or `--out=FOLDER`
 * @param flags names of the options without a value
 * @param hint advice about an unknown option, in place of the nearest known one
 * @throws UserError for an unknown option, an option without its value, or a flag with a value
 */
export function parseOptions<Value extends string, Flag extends string>(
  args: string[],
  values: readonly Value[],
  flags: readonly Flag[] = [],
  hint: (name: string) => string | undefined = () => undefined,
): Options<Value, Flag> {
  const known: string[] = [...values, ...flags];
  const parsed: Record<string, unknown> & { _: unknown[] } = parseArgs(args, {
    string: [...values, "_"],
    boolean: [...flags],
    unknown: (arg: string, key?: string) => {
      if (key === undefined || !arg.startsWith("-")) return true;
      const near = nearest(key, known);
      const advice = hint(key) ?? (near && `did you mean --${near}?`);
      throw new UserError(`unknown option ${arg}${advice ? `; ${advice}` : ""} (see --help)`);
    },
  });

  const given = values.flatMap((name) =>
    parsed[name] === undefined ? [] : [[name, parsed[name]] as const]
  );
  for (const [name, value] of given) {
    // The parser returns an empty string for an option without its value.
    if (typeof value !== "string" || value === "") {
      throw new UserError(`--${name} needs a value (see --help)`);
    }
  }

  return {
    values: Object.fromEntries(given) as Partial<Record<Value, string>>,
    flags: Object.fromEntries(flags.map((name) => [name, parsed[name] === true])) as Record<
      Flag,
      boolean
    >,
    words: parsed._.map(String),
  };
}

/**
 * The folder of the datasets: the value of `--data`, or the default. A folder that the user names
 * must exist: otherwise the digits that come with a package would silently replace the dataset.
 *
 * @throws UserError if the named folder cannot be read
 */
export function dataFolder(named: string | undefined): string {
  if (named === undefined) return defaultFolder("data");
  try {
    Array.from(Deno.readDirSync(named));
    return named;
  } catch (error) {
    throw explainInputError(error, named);
  }
}
