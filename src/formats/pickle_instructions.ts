/** The supported pickle instructions, by opcode. */
import { quoted } from "../messages/printable.ts";
import {
  isSequence,
  isUnknown,
  type PickleGlobal,
  type PickleValue,
  type UnknownObject,
} from "./pickle_values.ts";
import {
  latin1,
  lineOfText,
  type Machine,
  mark,
  pop,
  popMark,
  popPair,
  popSome,
  slice,
  take,
  text,
  top,
  truncated,
  u16,
  u32,
  u64,
  u8,
  wholeNumber,
} from "./pickle_machine.ts";

type Instruction = (machine: Machine) => void;

const push = (valueOf: (machine: Machine) => PickleValue): Instruction => (machine) => {
  machine.stack.push(valueOf(machine));
};

function unknownObject(name: string): UnknownObject {
  return { kind: "unknown", name };
}

/** The global that a name refers to. */
function named(machine: Machine, module: PickleValue, name: PickleValue): PickleValue {
  const { rules, fault } = machine;
  // Without this check, lists that contain one list many times, level upon level, would be written
  // out endlessly.
  if (typeof module !== "string" || typeof name !== "string") throw fault(truncated);
  const full = `${module}.${name}`;
  const found = rules.globals.get(full);
  if (found) return found;
  if (rules.allowsUnknown) return unknownObject(full);
  throw fault(
    `it refers to ${quoted(full)}; only plain values are read, and nothing is executed`,
  );
}

/**
 * The result of calling a known global. Nothing else is called; an unknown one stays a placeholder.
 */
function called(machine: Machine): PickleValue {
  const [callee, args] = popPair(machine);
  if (isUnknown(callee) && machine.rules.allowsUnknown) return callee;
  // `known` contains only the caller's own globals.
  const call = machine.known.has(callee) ? (callee as PickleGlobal).call : undefined;
  if (!call || !isSequence(args)) {
    throw machine.fault("it calls something that is not a known function");
  }
  return call(args);
}

/** Appends to the list on the stack; elements of an unknown object are ignored. */
function append(machine: Machine, values: PickleValue[]): void {
  const list = top(machine);
  if (isUnknown(list)) return;
  if (!isSequence(list)) throw machine.fault(truncated);
  for (const value of values) list.push(value);
}

/** Sets keys and values of the dict on the stack; those of an unknown object are ignored. */
function setItems(machine: Machine, values: PickleValue[]): void {
  const dict = top(machine);
  if (isUnknown(dict)) return;
  if (!(dict instanceof Map) || values.length % 2) throw machine.fault(truncated);
  for (let i = 0; i + 1 < values.length; i += 2) dict.set(values[i]!, values[i + 1]!);
}

function build(machine: Machine): void {
  const state = pop(machine);
  const object = top(machine);
  if (isUnknown(object)) return;
  if (!machine.rules.build) throw machine.fault("it changes an object");
  machine.rules.build(object, state);
}

function persistent(machine: Machine): PickleValue {
  if (!machine.rules.persistent) throw machine.fault("it refers to data outside the pickle");
  return machine.rules.persistent(pop(machine));
}

function recall(machine: Machine, index: number): PickleValue {
  const value = machine.memo.get(index);
  if (value === undefined) throw machine.fault(truncated);
  return value;
}

function keep(machine: Machine, index: number): void {
  machine.memo.set(index, top(machine));
}

const table: Record<string, Instruction> = {
  // PROTO and FRAME have no effect.
  "\x80": (machine) => void u8(machine),
  "\x95": (machine) => void take(machine, 8),
  "(": (machine) => void machine.stack.push(mark),
  "0": (machine) => void pop(machine),
  "1": (machine) => void popMark(machine),

  "N": push(() => null),
  "\x88": push(() => true),
  "\x89": push(() => false),
  "J": push((machine) => machine.view.getInt32(take(machine, 4), true)),
  "K": push(u8),
  "M": push(u16),
  "\x8a": push((machine) => wholeNumber(machine, u8(machine))),
  "\x8b": push((machine) => wholeNumber(machine, u32(machine))),
  "G": push((machine) => machine.view.getFloat64(take(machine, 8))),

  "X": push((machine) => text(machine, u32(machine))),
  "\x8c": push((machine) => text(machine, u8(machine))),
  // Python 2's strings hold bytes; latin1 keeps each byte as one character.
  "T": push((machine) => latin1(machine, u32(machine))),
  "U": push((machine) => latin1(machine, u8(machine))),
  "\x8d": push((machine) => text(machine, u64(machine))),
  "B": push((machine) => slice(machine, u32(machine))),
  "C": push((machine) => slice(machine, u8(machine))),
  "\x8e": push((machine) => slice(machine, u64(machine))),
  "\x96": push((machine) => slice(machine, u64(machine))),

  "]": push(() => []),
  "a": (machine) => append(machine, [pop(machine)]),
  "e": (machine) => append(machine, popMark(machine)),
  ")": push(() => []),
  "\x85": push((machine) => popSome(machine, 1)),
  "\x86": push((machine) => popSome(machine, 2)),
  "\x87": push((machine) => popSome(machine, 3)),
  "t": push(popMark),
  // Sets become lists.
  "\x8f": push(() => []),
  "\x90": (machine) => append(machine, popMark(machine)),
  "\x91": push(popMark),
  "}": push(() => new Map()),
  "s": (machine) => setItems(machine, popPair(machine)),
  "u": (machine) => setItems(machine, popMark(machine)),

  "q": (machine) => keep(machine, u8(machine)),
  "r": (machine) => keep(machine, u32(machine)),
  "\x94": (machine) => keep(machine, machine.memo.size),
  "h": push((machine) => recall(machine, u8(machine))),
  "j": push((machine) => recall(machine, u32(machine))),

  "c": push((machine) => named(machine, lineOfText(machine), lineOfText(machine))),
  "\x93": push((machine) => named(machine, ...popPair(machine))),
  "Q": push(persistent),
  "R": push(called),
  "\x81": push(called),
  "\x92": push((machine) => {
    pop(machine); // Named arguments occur only for unknown code.
    return called(machine);
  }),
  "b": build,
};

/** The effect of each supported opcode. */
export const instructions: ReadonlyMap<number, Instruction> = new Map(
  Object.entries(table).map(([code, instruction]) => [code.charCodeAt(0), instruction]),
);
