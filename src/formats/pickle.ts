/**
 * Reads Python's pickles without executing anything. Only instructions that build plain values are
 * supported. Names of Python code are looked up in the caller's list; any other name is refused or
 * becomes a placeholder, as the caller decides. Format:
 * https://github.com/python/cpython/blob/main/Lib/pickletools.py.
 */
import { UserError } from "../messages/errors.ts";
import { instructions } from "./pickle_instructions.ts";
import { type Machine, pop, truncated } from "./pickle_machine.ts";
import type { PickleRules, PickleValue } from "./pickle_values.ts";

export {
  isSequence,
  isUnknown,
  type PickleGlobal,
  type PickleObject,
  type PickleRules,
  type PickleValue,
  type UnknownObject,
} from "./pickle_values.ts";

/**
 * The value of a pickle.
 *
 * @param bytes may contain more than the pickle
 * @param start the position of the pickle
 * @returns the value, and the end of the pickle
 * @throws UserError if it is damaged, truncated, or does anything but build values
 */
export function decodePickle(
  bytes: Uint8Array,
  rules: PickleRules,
  where: string,
  start = 0,
): { value: PickleValue; end: number } {
  const machine: Machine = {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    at: start,
    stack: [],
    memo: new Map(),
    known: new Set(rules.globals.values()),
    rules,
    fault: (what) => new UserError(`${where}: this pickle cannot be read: ${what}`),
  };
  for (;;) {
    const code = machine.bytes[machine.at++];
    if (code === undefined) throw machine.fault(truncated);
    if (code === ".".charCodeAt(0)) return { value: pop(machine), end: machine.at };
    const instruction = instructions.get(code);
    if (!instruction) {
      const hex = code.toString(16).padStart(2, "0");
      throw machine.fault(
        `it has the instruction 0x${hex}, which plain values do not need, and nothing is executed`,
      );
    }
    instruction(machine);
  }
}
