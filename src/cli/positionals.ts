/** The arguments of a verb that takes names and no options. */
import { UserError } from "../messages/errors.ts";

/**
 * The names on the command line.
 *
 * @param expected what the verb takes, in words: `pack takes one bundle, and a file`
 * @throws UserError with the verb's help where there are fewer than `least` or more than `most`, or
 *   an option
 */
export function positionals(
  args: string[],
  [least, most]: [number, number],
  expected: string,
  help: string,
): string[] {
  const option = args.find((arg) => arg.startsWith("-"));
  if (option !== undefined) throw new UserError(`there is no option ${option}\n\n${help}`);
  if (args.length < least || args.length > most) {
    throw new UserError(`${expected}; got ${args.length}\n\n${help}`);
  }
  return args;
}
