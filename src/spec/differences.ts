/** Where two resolved specs differ, field by field. */
import type { ResolvedSpec } from "./resolved.ts";
import { isTree, type Tree } from "./tree.ts";

/** A field that differs; undefined if one spec lacks it. */
export interface Difference {
  /** Dotted, such as `training.epochs`. */
  path: string;
  a: unknown;
  b: unknown;
}

/** The fields in which two resolved specs differ, in field order; a list counts as one value. */
export function specDifferences(a: ResolvedSpec, b: ResolvedSpec): Difference[] {
  return differences(a as unknown as Tree, b as unknown as Tree, "");
}

/** A section that one spec lacks, such as the filter's, lacks each of the other one's fields. */
function sectionOr(value: unknown, other: unknown): unknown {
  return value === undefined && isTree(other) ? {} : value;
}

function differences(a: Tree, b: Tree, prefix: string): Difference[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => {
    const left = sectionOr(a[key], b[key]);
    const right = sectionOr(b[key], a[key]);
    const path = prefix + key;
    if (isTree(left) && isTree(right)) return differences(left, right, `${path}.`);
    return JSON.stringify(left) === JSON.stringify(right) ? [] : [{ path, a: left, b: right }];
  });
}
