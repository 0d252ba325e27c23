/** Merges one spec over another: `extends`, overrides, members of a sweep. */
import { conditions } from "./conditions.ts";
import type { Spec } from "./resolved.ts";
import { isTree, pathOf, type Tree, valueAt, withValue } from "./tree.ts";

/** The sections that are merged field by field; any other value is replaced as a whole. */
const sections = new Set([
  "data",
  "cutoff",
  "filter",
  "noise",
  "training",
  "training.augment",
  "training.equivariance",
  "sampling",
  "sampling.shift",
  "evaluation",
]);

/** Fields that depend on another one, and are reset when a later layer sets that one. */
const followers: Record<string, string[]> = {
  "dataset": ["channels", "data.limit", "data.digest", "data.path"],
  "training.epochs": ["training.images"],
  "training.images": ["training.epochs"],
};

/**
 * The fields that decide what other fields mean. `training.images` and `training.epochs` are not
 * among them: each replaces the other, and the last one counts.
 */
export const choices: ReadonlySet<string> = new Set([
  "dataset",
  ...conditions.flatMap(({ selector }) => selector).filter((field) => field !== "training.images"),
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
 * The base spec with the fields of `over` on top. If a choice in `over` makes a field of the base
 * meaningless, the field is dropped (`kaiserBeta` if `over` says architecture A), so that one word
 * is enough to change a choice.
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
    if (![selector].flat().some(said)) continue;
    const meaningful = applies(merged as Spec);
    for (const field of fields) {
      if (!meaningful || valueAt(merged, pathOf(field)) === neutral) forget(field);
    }
  }
  return merged as Spec;
}
