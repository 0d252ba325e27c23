/** One spec over another: `extends`, overrides, members of a sweep. */
import { conditions } from "./conditions.ts";
import type { Spec } from "./resolved.ts";
import { isTree, pathOf, type Tree, valueAt, withValue } from "./tree.ts";

/** The sections that are merged field by field; everything else is replaced as a whole. */
const sections = new Set([
  "data",
  "cutoff",
  "noise",
  "training",
  "sampling",
  "sampling.shift",
  "evaluation",
]);

/** Fields that follow from another one, and are asked anew when a later layer says that one. */
const followers: Record<string, string[]> = {
  "dataset": ["channels", "data.limit", "data.digest", "data.path"],
  "training.epochs": ["training.images"],
  "training.images": ["training.epochs"],
};

/**
 * The fields that choose what others mean. `training.images` and `training.epochs` are none: each
 * takes the other's place, and the last one holds.
 */
export const choices: ReadonlySet<string> = new Set([
  "dataset",
  ...conditions.map(({ selector }) => selector).filter((field) => field !== "training.images"),
]);

function mergeTrees(base: Tree, over: Tree, at: string): Tree {
  const out = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const own = Object.hasOwn(out, key) ? out[key] : undefined;
    const path = at + key;
    out[key] = sections.has(path) && isTree(own) && isTree(value)
      ? mergeTrees(own, value, `${path}.`)
      : value;
  }
  return out;
}

/**
 * The base spec with the fields of `over` in place of its own. Fields of the base that a choice of
 * `over` makes meaningless go (`kaiserBeta` where `over` says architecture A), so that a choice can
 * be changed in one word.
 */
export function mergeSpecs(base: Spec, over: Spec): Spec {
  let merged = mergeTrees(base as Tree, over as Tree, "");
  const said = (path: string) => valueAt(over, pathOf(path)) !== undefined;
  const forget = (path: string) => {
    if (!said(path)) merged = withValue(merged, pathOf(path), undefined);
  };
  for (const [leader, fields] of Object.entries(followers)) {
    const before = valueAt(base, pathOf(leader));
    const now = valueAt(over, pathOf(leader));
    if (now !== undefined && now !== null && now !== before) fields.forEach(forget);
  }
  for (const { selector, fields, applies, neutral = null } of conditions) {
    if (!said(selector)) continue;
    const meaningful = applies(merged as Spec);
    for (const field of fields) {
      if (!meaningful || valueAt(merged, pathOf(field)) === neutral) forget(field);
    }
  }
  return merged as Spec;
}
