/**
 * A reader of Python's pickles that executes nothing. Of the instructions only those are known that
 * build plain values; a name of Python code is only ever looked up in the caller's list, and
 * anything else is refused. Format: https://github.com/python/cpython/blob/main/Lib/pickletools.py.
 */
import { UserError } from "../errors.ts";

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
  /** What lies outside the pickle. */
  persistent?: (id: PickleValue) => PickleValue;
  /** What the pickle adds to an object afterwards. */
  build?: (object: PickleValue, state: PickleValue) => void;
}

const mark = Symbol("mark");

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
  const fault = (what: string) => new UserError(`${where}: this pickle is not read: ${what}`);
  const cutOff = "it is cut off or damaged";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder("utf-8", { fatal: true });
  // TextDecoder's "latin1" is windows-1252, in which some bytes become other characters.
  const latin1 = (piece: Uint8Array) =>
    Array.from(piece, (byte) => String.fromCharCode(byte)).join("");
  const stack: (PickleValue | typeof mark)[] = [];
  const memo = new Map<number, PickleValue>();
  const known = new Set<PickleValue>(rules.globals.values());
  let at = start;

  const take = (length: number) => {
    if (!(length <= bytes.length - at)) throw fault(cutOff);
    at += length;
    return at - length;
  };
  const slice = (length: number) => bytes.subarray(take(length), at);
  const u8 = () => view.getUint8(take(1));
  const u16 = () => view.getUint16(take(2), true);
  const u32 = () => view.getUint32(take(4), true);
  const utf8 = (length: number) => {
    const piece = slice(length);
    try {
      return text.decode(piece);
    } catch {
      throw fault("it holds a damaged text");
    }
  };
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw fault(cutOff);
    const found = utf8(end - at);
    at++;
    return found;
  };
  const pop = (): PickleValue => {
    const value = stack.pop();
    if (value === undefined || value === mark) throw fault(cutOff);
    return value;
  };
  const top = (): PickleValue => {
    const value = stack.at(-1);
    if (value === undefined || value === mark) throw fault(cutOff);
    return value;
  };
  const popMark = (): PickleValue[] => {
    const from = stack.lastIndexOf(mark);
    if (from < 0) throw fault(cutOff);
    return stack.splice(from).slice(1) as PickleValue[];
  };
  const popSome = (count: number): PickleValue[] => Array.from({ length: count }, pop).reverse();
  const global = (module: PickleValue, name: PickleValue) => {
    // Lists that hold one list many times, level upon level, would be written out without end.
    if (typeof module !== "string" || typeof name !== "string") throw fault(cutOff);
    const found = rules.globals.get(`${module}.${name}`);
    if (!found) {
      throw fault(
        `it names ${
          JSON.stringify(`${module}.${name}`)
        }; only plain values are read, and nothing is executed`,
      );
    }
    stack.push(found);
  };
  const append = (list: PickleValue, values: PickleValue[]) => {
    if (!isSequence(list)) throw fault(cutOff);
    for (const value of values) list.push(value);
  };
  const setItems = (dict: PickleValue, values: PickleValue[]) => {
    if (!(dict instanceof Map) || values.length % 2) throw fault(cutOff);
    for (let i = 0; i < values.length; i += 2) dict.set(values[i]!, values[i + 1]!);
  };
  const recall = (index: number) => {
    const value = memo.get(index);
    if (value === undefined) throw fault(cutOff);
    stack.push(value);
  };

  const instructions: Record<string, () => void> = {
    // PROTO and FRAME: nothing hangs on them.
    "\x80": () => void u8(),
    "\x95": () => void take(8),
    "(": () => stack.push(mark),
    "0": () => void pop(),
    "N": () => stack.push(null),
    "\x88": () => stack.push(true),
    "\x89": () => stack.push(false),
    "J": () => stack.push(view.getInt32(take(4), true)),
    "K": () => stack.push(u8()),
    "M": () => stack.push(u16()),
    "\x8a": () => {
      const digits = slice(u8());
      let value = 0n;
      for (let i = digits.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(digits[i]!);
      value = BigInt.asIntN(digits.length * 8, value);
      stack.push(
        value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
          ? Number(value)
          : value,
      );
    },
    "G": () => stack.push(view.getFloat64(take(8))),
    "X": () => stack.push(utf8(u32())),
    "\x8c": () => stack.push(utf8(u8())),
    // Python 2's strings hold bytes; latin1 keeps each of them as one character.
    "T": () => stack.push(latin1(slice(u32()))),
    "U": () => stack.push(latin1(slice(u8()))),
    "B": () => stack.push(slice(u32())),
    "C": () => stack.push(slice(u8())),
    "]": () => stack.push([]),
    "a": () => {
      const value = pop();
      append(top(), [value]);
    },
    "e": () => {
      const values = popMark();
      append(top(), values);
    },
    ")": () => stack.push([]),
    "\x85": () => stack.push(popSome(1)),
    "\x86": () => stack.push(popSome(2)),
    "\x87": () => stack.push(popSome(3)),
    "t": () => stack.push(popMark()),
    "}": () => stack.push(new Map()),
    "s": () => {
      const pair = popSome(2);
      setItems(top(), pair);
    },
    "u": () => {
      const values = popMark();
      setItems(top(), values);
    },
    "q": () => memo.set(u8(), top()),
    "r": () => memo.set(u32(), top()),
    "\x94": () => memo.set(memo.size, top()),
    "h": () => recall(u8()),
    "j": () => recall(u32()),
    "c": () => {
      const module = line();
      global(module, line());
    },
    "\x93": () => {
      const [module, name] = popSome(2);
      global(module!, name!);
    },
    "Q": () => {
      if (!rules.persistent) throw fault("it asks for something outside it");
      stack.push(rules.persistent(pop()));
    },
    "R": () => {
      const [callee, args] = popSome(2) as [PickleValue, PickleValue];
      const call = known.has(callee) ? (callee as PickleGlobal).call : undefined;
      if (!call || !isSequence(args)) throw fault("it calls what cannot be called");
      stack.push(call(args));
    },
    "b": () => {
      const state = pop();
      if (!rules.build) throw fault("it changes an object");
      rules.build(top(), state);
    },
  };

  for (;;) {
    const code = String.fromCharCode(u8());
    if (code === ".") return { value: pop(), end: at };
    const instruction = Object.hasOwn(instructions, code) ? instructions[code] : undefined;
    if (!instruction) {
      const hex = code.charCodeAt(0).toString(16).padStart(2, "0");
      throw fault(
        `it has the instruction 0x${hex}, which plain values do not need; nothing is executed`,
      );
    }
    instruction();
  }
}
