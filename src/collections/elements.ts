/** Elements of lists and maps that must be there: a missing one is an error, not undefined. */

/** The first element. Throws a `RangeError` if the list is empty. */
export function firstOf<T>(list: readonly T[]): T {
  return elementOf(list, 0);
}

/** The last element. Throws a `RangeError` if the list is empty. */
export function lastOf<T>(list: readonly T[]): T {
  return elementOf(list, list.length - 1);
}

/** The element at an index. Throws a `RangeError` if the list is shorter. Not for hot loops. */
export function elementOf<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) {
    throw new RangeError(`no element ${index} in a list of ${list.length}`);
  }
  return element;
}

/** The value of a map's key. Throws an `Error` that names the key if it is missing. */
export function entryOf<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new Error(`there is no ${key}`);
  return value;
}

/** The elements of two lists in pairs. Throws a `RangeError` if they differ in length. */
export function pairs<A, B>(first: readonly A[], second: readonly B[]): [A, B][] {
  if (first.length !== second.length) {
    throw new RangeError(`lists of ${first.length} and ${second.length} cannot be paired`);
  }
  return first.map((a, i) => [a, elementOf(second, i)]);
}
