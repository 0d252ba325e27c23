/**
 * Helpers for the plain data that specs consist of: reading and writing by dotted path, `x-`
 * fields.
 */

/** Plain data with keys. */
export type Tree = { [key: string]: unknown };
/** The path to a field: keys and list indices. */
export type Path = readonly PropertyKey[];

/** Whether a value is plain data with keys, not a list. */
export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path, or undefined; only own keys count. */
export function valueAt(tree: unknown, path: Path): unknown {
  let value = tree;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/**
 * A copy of the tree with a value set at a path. It creates missing sections; undefined removes the
 * field.
 */
export function withValue(tree: Tree, path: Path, value: unknown): Tree {
  const [key, ...rest] = path.map(String);
  if (key === undefined) return tree;
  const { [key]: own, ...others } = tree;
  if (rest.length > 0) {
    if (!isTree(own) && value === undefined) return tree;
    return { ...tree, [key]: withValue(isTree(own) ? own : {}, rest, value) };
  }
  return value === undefined ? others : { ...tree, [key]: value };
}

/** The path that a dotted name stands for. */
export function pathOf(name: string): string[] {
  return name.split(".");
}

/** The dotted form of a path, for people. */
export function dotted(path: Path): string {
  return path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("")
    .replace(/^\./, "");
}

const isExtension = (key: string) => key.startsWith("x-");

/** The tree without its `x-` fields, at any depth. */
export function withoutExtensions(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(withoutExtensions);
  if (!isTree(tree)) return tree;
  return Object.fromEntries(
    Object.entries(tree).filter(([key]) => !isExtension(key)).map((
      [key, value],
    ) => [key, withoutExtensions(value)]),
  );
}

/**
 * `tree` with the `x-` fields of `from` in their places. They are dropped if their section does not
 * exist in `tree`.
 */
export function withExtensions(tree: Tree, from: Tree): Tree {
  const out = { ...tree };
  for (const [key, value] of Object.entries(from)) {
    const own = Object.hasOwn(out, key) ? out[key] : undefined;
    if (isExtension(key)) out[key] = value;
    else if (isTree(own) && isTree(value)) out[key] = withExtensions(own, value);
  }
  return out;
}
