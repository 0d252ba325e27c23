/**
 * A reader of Python's pickles that executes nothing. Of the instructions only those are known that
 * build plain values; a name of Python code is only ever looked up in the caller's list, and
 * anything else is refused or stands for itself, as the caller says. Format:
 * https://github.com/python/cpython/blob/main/Lib/pickletools.py.
 */
import { UserError } from "../errors.ts";
import { instructions } from "./pickle_instructions.ts";
import { cutOff, type Machine, pop } from "./pickle_machine.ts";

/**
 * A value that a pickle builds: lists and tuples are arrays, dicts are maps; anything more is the
 * caller's own.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | PickleObject;

/** An object of the caller's, made by one of its globals. */
export interface PickleObject {
  /** What it is called in messages. */
  readonly kind: string;
}

/** What a pickle may name. A global without `call` is a name only: it cannot be called. */
export interface PickleGlobal extends PickleObject {
  call?: (args: PickleValue[]) => PickleValue;
}

/**
 * What is allowed to a pickle. Each of these throws a UserError where the arguments are not as they
 * should be.
 */
export interface PickleRules {
  /** Python code that may be named, as `module.name`. */
  globals: ReadonlyMap<string, PickleGlobal>;
  /**
   * Whether other Python code may be named. It stands for itself then ({@link UnknownObject}), and
   * so does whatever it would make; it is never executed.
   */
  allowsUnknown?: boolean;
  /** What lies outside the pickle. */
  persistent?: (id: PickleValue) => PickleValue;
  /** What the pickle adds to an object afterwards. */
  build?: (object: PickleValue, state: PickleValue) => void;
}

/** What a piece of Python code would be or make, which nobody executes here. */
export interface UnknownObject extends PickleObject {
  readonly kind: "unknown";
  /** The code, as `module.name`. */
  readonly name: string;
}

/** Whether a value stands for Python code that is not known, or for what it would make. */
export function isUnknown(value: PickleValue | undefined): value is UnknownObject {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "unknown";
}

/** Whether a value is an array whose elements a pickle put there. */
export function isSequence(value: PickleValue | undefined): value is PickleValue[] {
  return Array.isArray(value);
}

/**
 * The value of a pickle.
 *
 * @param bytes may hold more than the pickle
 * @param start where it begins
 * @returns the value, and where the pickle ends
 * @throws UserError where it is damaged, cut off, or does anything but build values
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
    fault: (what) => new UserError(`${where}: this pickle is not read: ${what}`),
  };
  for (;;) {
    const code = machine.bytes[machine.at++];
    if (code === undefined) throw machine.fault(cutOff);
    if (code === ".".charCodeAt(0)) return { value: pop(machine), end: machine.at };
    const instruction = instructions.get(code);
    if (!instruction) {
      const hex = code.toString(16).padStart(2, "0");
      throw machine.fault(
        `it has the instruction 0x${hex}, which plain values do not need; nothing is executed`,
      );
    }
    instruction(machine);
  }
}
