/** What a pickle holds, as values of ours, and what its reader is told. */

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
