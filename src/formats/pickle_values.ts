/** The values that a pickle can contain, and the rules for its reader. */

/**
 * A value that a pickle builds: lists and tuples are arrays, dicts are maps; all others come from
 * the caller's globals.
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
  /** Its name in messages. */
  readonly kind: string;
}

/**
 * Python code that a pickle may refer to. A global without `call` is only a name and cannot be
 * called.
 */
export interface PickleGlobal extends PickleObject {
  call?: (args: PickleValue[]) => PickleValue;
}

/** What a pickle may do. Each function throws a UserError if its arguments are wrong. */
export interface PickleRules {
  /** Python code that may be named, as `module.name`. */
  globals: ReadonlyMap<string, PickleGlobal>;
  /**
   * Whether other Python code may be named. It becomes a placeholder ({@link UnknownObject}), and
   * so do its results; it is never executed.
   */
  allowsUnknown?: boolean;
  /** Resolves references to objects outside the pickle. */
  persistent?: (id: PickleValue) => PickleValue;
  /** Applies the state that the pickle adds to an object later. */
  build?: (object: PickleValue, state: PickleValue) => void;
}

/** A placeholder for Python code or its result; the code is never executed. */
export interface UnknownObject extends PickleObject {
  readonly kind: "unknown";
  /** The code, as `module.name`. */
  readonly name: string;
}

/** Whether a value is a placeholder for unknown Python code or its result. */
export function isUnknown(value: PickleValue | undefined): value is UnknownObject {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "unknown";
}

/** Whether a value is an array whose elements the pickle provided. */
export function isSequence(value: PickleValue | undefined): value is PickleValue[] {
  return Array.isArray(value);
}
