/** The arguments of a verb that takes no options. */
import { UserError } from "../messages/errors.ts";

/**
 * Checks that there are neither options nor too few or too many arguments.
 *
 * @param range the minimum and maximum number of arguments
 * @param expected what the verb takes, for the message: `pack takes one bundle and a file`
 * @param help the verb's help, which ends the message
 * @throws UserError if an argument is an option, or their number is out of range
 */
export function positionals(
  args: string[],
  [min, max]: readonly [number, number],
  expected: string,
  help: string,
): string[] {
  const option = args.find((arg) => arg.startsWith("-"));
  if (option !== undefined) throw new UserError(`unknown option ${option}\n\n${help}`);
  if (args.length < min || args.length > max) {
    throw new UserError(`${expected}; got ${args.length}\n\n${help}`);
  }
  return args;
}
