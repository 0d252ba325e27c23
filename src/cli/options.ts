/** Options on the command line, for the verbs that have any. */
import { parseArgs } from "@std/cli/parse-args";
import { UserError } from "../messages/errors.ts";
import { explainInputError } from "../formats/input.ts";
import { nearest } from "../messages/nearest.ts";
import { defaultFolder } from "./folders.ts";

/**
 * What was said: values of options by name, flags that were set, and the other words in their
 * order.
 */
export interface Options<Value extends string, Flag extends string> {
  values: Partial<Record<Value, string>>;
  flags: Record<Flag, boolean>;
  words: string[];
}

/**
 * Reads the options of a verb.
 *
 * @param values names of the options that take a value: `--out FOLDER` or `--out=FOLDER`
 * @param flags names of those that take none
 * @param hint what an unknown option may have been meant for, in place of the nearest known one
 * @throws UserError for an unknown option, one without its value, and a flag with one
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
      const meant = hint(key) ?? (near && `did you mean --${near}?`);
      throw new UserError(
        `there is no option ${arg}${meant ? `; ${meant}` : ""} (--help lists them)`,
      );
    },
  });
  const said = values.flatMap((name) =>
    parsed[name] === undefined ? [] : [[name, parsed[name]] as const]
  );
  for (const [name, value] of said) {
    // The parser takes an option whose value is missing for one that is empty.
    if (typeof value !== "string" || value === "") {
      throw new UserError(`--${name} needs a value (--help tells which)`);
    }
  }
  return {
    values: Object.fromEntries(said) as Partial<Record<Value, string>>,
    flags: Object.fromEntries(flags.map((name) => [name, parsed[name] === true])) as Record<
      Flag,
      boolean
    >,
    words: parsed._.map(String),
  };
}

/**
 * The folder of the datasets: that which `--data` names, or else the default. Where a wrong one is named, the digits that come
 * with a package must not stand in for it unnoticed.
 *
 * @throws UserError where it is not there
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
