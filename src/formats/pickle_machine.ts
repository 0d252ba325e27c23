/** The state that a pickle's instructions work on: a stack, a memo, and a position in the bytes. */
import type { UserError } from "../messages/errors.ts";
import type { PickleRules, PickleValue } from "./pickle_values.ts";

/** Marks the start of a list of operands on the stack. */
export const mark = Symbol("mark");

/** The state of a reader. */
export interface Machine {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The position of the next byte. */
  at: number;
  readonly stack: (PickleValue | typeof mark)[];
  /** Values that can be recalled by number. */
  readonly memo: Map<number, PickleValue>;
  /** The caller's globals: only these are called. */
  readonly known: ReadonlySet<PickleValue>;
  readonly rules: PickleRules;
  readonly fault: (what: string) => UserError;
}

/** The usual error of damaged pickles. */
export const truncated = "it is truncated or damaged";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Skips bytes; returns the position of the first. */
export function take(machine: Machine, length: number): number {
  const { at, bytes, fault } = machine;
  if (!(length <= bytes.length - at)) throw fault(truncated);
  machine.at += length;
  return at;
}

/** The next bytes, not copied. */
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

/** The next eight bytes as a number, exact for every possible length. */
export const u64 = (machine: Machine): number =>
  Number(machine.view.getBigUint64(take(machine, 8), true));

/** A text of `length` bytes. */
export function text(machine: Machine, length: number): string {
  const piece = slice(machine, length);
  try {
    return utf8.decode(piece);
  } catch {
    throw machine.fault("it contains damaged text");
  }
}

/**
 * Bytes as a text with one character from 0 to 255 each. TextDecoder's "latin1" is windows-1252,
 * which changes some bytes.
 */
export function latin1(machine: Machine, length: number): string {
  const piece = slice(machine, length);
  let result = "";
  // In parts, because each byte is an argument.
  for (let at = 0; at < piece.length; at += 4096) {
    result += String.fromCharCode(...piece.subarray(at, at + 4096));
  }
  return result;
}

/** A text up to the end of its line. */
export function lineOfText(machine: Machine): string {
  const end = machine.bytes.indexOf(10, machine.at);
  if (end < 0) throw machine.fault(truncated);
  const found = text(machine, end - machine.at);
  machine.at++;
  return found;
}

/** A little-endian whole number of `length` bytes. */
export function wholeNumber(machine: Machine, length: number): number | bigint {
  const digits = slice(machine, length).toReversed();
  const hex = Array.from(digits, (digit) => digit.toString(16).padStart(2, "0")).join("");
  const value = BigInt.asIntN(length * 8, BigInt(`0x0${hex}`));
  const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
  return isSafe ? Number(value) : value;
}

/** Removes and returns the top value of the stack. */
export function pop(machine: Machine): PickleValue {
  const value = machine.stack.pop();
  if (value === undefined || value === mark) throw machine.fault(truncated);
  return value;
}

/** The top value of the stack, which stays there. */
export function top(machine: Machine): PickleValue {
  const value = machine.stack.at(-1);
  if (value === undefined || value === mark) throw machine.fault(truncated);
  return value;
}

/** Removes and returns all values above the last mark, and removes the mark. */
export function popMark(machine: Machine): PickleValue[] {
  const from = machine.stack.lastIndexOf(mark);
  if (from < 0) throw machine.fault(truncated);
  const values = machine.stack.splice(from).slice(1);
  // There is no mark above the last one.
  return values as PickleValue[];
}

/** Removes and returns `count` values, the maxDepth first. */
export function popSome(machine: Machine, count: number): PickleValue[] {
  return Array.from({ length: count }, () => pop(machine)).reverse();
}

/** Removes and returns two values, the deeper first. */
export function popPair(machine: Machine): [PickleValue, PickleValue] {
  const second = pop(machine);
  return [pop(machine), second];
}
