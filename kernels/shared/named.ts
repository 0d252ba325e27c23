/** Lists and records whose elements have known names; a missing one is an error, not undefined. */

/**
 * Gives the elements of a list their names, in order. Throws an `Error` if there are more names than
 * elements, or fewer.
 */
export function named<Name extends string, T>(
  names: readonly Name[],
  list: readonly T[],
): Record<Name, T> {
  if (names.length !== list.length) {
    throw new Error(`expected ${names.join(", ")}, got a list of ${list.length}`);
  }
  // The type of Object.fromEntries forgets the names.
  return Object.fromEntries(list.map((value, i) => [names[i], value])) as Record<Name, T>;
}

/** The values with these names. Throws an `Error` that names the first one that is missing. */
export function pick<Name extends string, T>(
  names: readonly Name[],
  record: Readonly<Record<string, T>>,
): Record<Name, T> {
  return named(names, names.map((name) => valueOf(record, name)));
}

/** The value with this name. Throws an `Error` if it is missing. */
export function valueOf<T>(record: Readonly<Record<string, T>>, name: string): T {
  const value = record[name];
  if (value === undefined) throw new Error(`there is no ${name}`);
  return value;
}

/** Makes a function of values with known names a function of any values by name. */
export function taking<Name extends string, T, Rest extends unknown[], Result>(
  names: readonly Name[],
  fn: (inputs: Record<Name, T>, ...rest: Rest) => Result,
): (inputs: Readonly<Record<string, T>>, ...rest: Rest) => Result {
  return (inputs, ...rest) => fn(pick(names, inputs), ...rest);
}

/**
 * The tensors of slots, such as an optimizer's: from inputs `parameter0`, `mean0`, `parameter1` ...
 *
 * @param names of a slot's tensors, without the slot's number
 */
export function slotsOf<Name extends string, T>(
  inputs: Readonly<Record<string, T>>,
  names: readonly Name[],
  count: number,
): Record<Name, T>[] {
  return Array.from(
    { length: count },
    (_, slot) => named(names, names.map((name) => valueOf(inputs, `${name}${slot}`))),
  );
}
