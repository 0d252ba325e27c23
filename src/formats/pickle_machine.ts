/** What a pickle's instructions work on: a stack, a memory, and a place in the bytes. */
import type { UserError } from "../errors.ts";
import type { PickleRules, PickleValue } from "./pickle_values.ts";

/** Where a list of operands begins on the stack. */
export const mark = Symbol("mark");

/** The state of a reader. */
export interface Machine {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The next byte's place. */
  at: number;
  readonly stack: (PickleValue | typeof mark)[];
  /** Values that are recalled by number. */
  readonly memo: Map<number, PickleValue>;
  /** The caller's globals: only these are called. */
  readonly known: ReadonlySet<PickleValue>;
  readonly rules: PickleRules;
  readonly fault: (what: string) => UserError;
}

/** What is wrong with most damaged pickles. */
export const cutOff = "it is cut off or damaged";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Moves on by so many bytes; returns where they begin. */
export function take(machine: Machine, length: number): number {
  const { at, bytes, fault } = machine;
  if (!(length <= bytes.length - at)) throw fault(cutOff);
  machine.at += length;
  return at;
}

/** The next so many bytes, not copied. */
export function slice(machine: Machine, length: number): Uint8Array {
  const start = take(machine, length);
  return machine.bytes.subarray(start, start + length);
}

/** The next byte. */
export const u8 = (machine: Machine): number => machine.view.getUint8(take(machine, 1));
/** The next two bytes, as a number. */
export const u16 = (machine: Machine): number => machine.view.getUint16(take(machine, 2), true);
/** The next four bytes, as a number. */
export const u32 = (machine: Machine): number => machine.view.getUint32(take(machine, 4), true);

/** The next eight bytes, as a number: exact as far as a length can be. */
export const u64 = (machine: Machine): number =>
  Number(machine.view.getBigUint64(take(machine, 8), true));

/** A text of so many bytes. */
export function text(machine: Machine, length: number): string {
  const piece = slice(machine, length);
  try {
    return utf8.decode(piece);
  } catch {
    throw machine.fault("it holds a damaged text");
  }
}

/**
 * Bytes as a text of as many characters, 0 to 255. TextDecoder's "latin1" is windows-1252, in which
 * some bytes become other characters.
 */
export function latin1(machine: Machine, length: number): string {
  const piece = slice(machine, length);
  let result = "";
  // In parts, since each byte is an argument.
  for (let at = 0; at < piece.length; at += 4096) {
    result += String.fromCharCode(...piece.subarray(at, at + 4096));
  }
  return result;
}

/** A text up to the end of its line. */
export function lineOfText(machine: Machine): string {
  const end = machine.bytes.indexOf(10, machine.at);
  if (end < 0) throw machine.fault(cutOff);
  const found = text(machine, end - machine.at);
  machine.at++;
  return found;
}

/** A whole number of so many bytes, little-endian. */
export function wholeNumber(machine: Machine, length: number): number | bigint {
  const digits = slice(machine, length).toReversed();
  const hex = Array.from(digits, (digit) => digit.toString(16).padStart(2, "0")).join("");
  const value = BigInt.asIntN(length * 8, BigInt(`0x0${hex}`));
  const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
  return isSafe ? Number(value) : value;
}

/** Takes the topmost value off the stack. */
export function pop(machine: Machine): PickleValue {
  const value = machine.stack.pop();
  if (value === undefined || value === mark) throw machine.fault(cutOff);
  return value;
}

/** The topmost value, left where it is. */
export function top(machine: Machine): PickleValue {
  const value = machine.stack.at(-1);
  if (value === undefined || value === mark) throw machine.fault(cutOff);
  return value;
}

/** Takes all values above the last mark, and the mark. */
export function popMark(machine: Machine): PickleValue[] {
  const from = machine.stack.lastIndexOf(mark);
  if (from < 0) throw machine.fault(cutOff);
  const values = machine.stack.splice(from).slice(1);
  // No mark lies above the last one.
  return values as PickleValue[];
}

/** Takes so many values, the deepest first. */
export function popSome(machine: Machine, count: number): PickleValue[] {
  return Array.from({ length: count }, () => pop(machine)).reverse();
}

/** Takes two values, the deeper first. */
export function popPair(machine: Machine): [PickleValue, PickleValue] {
  const second = pop(machine);
  return [pop(machine), second];
}
