/** Sweeps: one spec that stands for many, as a grid of values or a list of grids. */
import { UserError } from "../messages/errors.ts";
import { schemaComplaints } from "./check.ts";
import { canonicalJson } from "./canonical.ts";
import { withoutInapplicable } from "./conditions.ts";
import { mergeSpecs } from "./merge.ts";
import { parseOverride, splitOverride } from "./overrides.ts";
import { resolveSpec, withOverrides } from "./resolve.ts";
import type { ResolvedSpec, Spec } from "./resolved.ts";
import { quoted } from "../messages/printable.ts";
import { complain, type Complaint, overrideSource, remember, sourcesOf } from "./source.ts";
import { isTree, type Path, pathOf, type Tree, withoutExtensions, withValue } from "./tree.ts";
import { readYaml } from "./yaml.ts";

type Grid = Record<string, unknown[]>;
const maxMembers = 10_000;

const layerOf = (field: string, value: unknown) => withValue({}, pathOf(field), value);

/** Complaints about the fields and values of a `sweep:` that its schema accepts. */
export function sweepComplaints(sweep: Spec["sweep"]): Complaint[] {
  const gridComplaints = (grid: Grid, at: Path) =>
    Object.entries(grid).flatMap(([field, values]) => {
      if (["extends", "sweep", "__proto__"].includes(field)) {
        return [{ path: [...at, field], message: "cannot be swept", at: "key" as const }];
      }
      return values.flatMap((value, i) =>
        schemaComplaints(layerOf(field, value)).map(({ message, at: what = "value" }) => ({
          path: what === "key" ? [...at, field] : [...at, field, i],
          message,
          at: what,
        }))
      );
    });
  if (Array.isArray(sweep)) return sweep.flatMap((grid, i) => gridComplaints(grid, ["sweep", i]));
  return isTree(sweep) ? gridComplaints(sweep as Grid, ["sweep"]) : [];
}

type Member = [field: string, value: unknown][];

/** The members of a grid, each as fields with values; the first field changes slowest. */
function members(grid: Grid): Member[] {
  return Object.entries(grid).reduce<Member[]>(
    (partial, [field, values]) =>
      partial.flatMap((member) => values.map((value): Member => [...member, [field, value]])),
    [[]],
  );
}

/** Splits overrides into axes (`kaiserBeta=0,1,2`) and those with a single value. */
function splitAxes(overrides: readonly string[]): { axes: Grid; single: string[] } {
  const axes: Grid = {};
  const single: string[] = [];
  for (const override of overrides) {
    const { field, text } = splitOverride(override);
    const { data, complaints } = readYaml(`[${text}]`, () => quoted(override));
    const axis = { field, values: Array.isArray(data) ? data : [] };
    const source = overrideSource(override, layerOf(field, axis.values));
    if (complaints.length > 0) throw complain(complaints, [source]);
    if (axis.values.length === 1) {
      parseOverride(override); // Reports its errors before anything else is done.
      single.push(override);
    } else {
      const found = axis.values.flatMap((value) =>
        schemaComplaints(withoutExtensions(layerOf(field, value)))
      );
      if (found.length > 0) throw complain(found, [source]);
      axes[field] = axis.values;
    }
  }
  return { axes, single };
}

/** One run of a sweep: its spec, and that spec resolved. */
export interface SweepMember {
  /** What a person would have written for this member alone. */
  spec: Spec;
  resolved: ResolvedSpec;
}

/**
 * The members of a sweep, resolved: every combination of values, for every grid. Members that
 * coincide (architecture A, whatever the filter) appear once. A spec without `sweep` has one
 * member, itself.
 *
 * @param overrides as on the command line; `kaiserBeta=0,1,2` adds an axis or replaces one
 * @throws UserError if a member is not a valid spec, or there are more than 10,000
 */
export function expandSweep(spec: Spec, overrides: readonly string[] = []): ResolvedSpec[] {
  return sweepMembers(spec, overrides).map(({ resolved }) => resolved);
}

/** Like {@link expandSweep}, with the standalone spec of each member. */
export function sweepMembers(spec: Spec, overrides: readonly string[] = []): SweepMember[] {
  const { axes, single } = splitAxes(overrides);
  const said = single.map((override) => splitOverride(override).field);
  const { sweep: written = {}, ...rest } = spec;
  const sweep = withoutExtensions(written) as NonNullable<Spec["sweep"]>;
  const found = sweepComplaints(sweep);
  if (found.length > 0) throw complain(found, sourcesOf(spec));
  const base = withOverrides(remember(rest as Spec, sourcesOf(spec)), single);
  const grids = (Array.isArray(sweep) ? sweep : [sweep]).map((grid) => {
    const kept = Object.entries(grid as Grid).filter(([field]) => !said.includes(field));
    return { ...Object.fromEntries(kept), ...axes };
  });
  const count = grids.reduce(
    (sum, grid) => sum + Object.values(grid).reduce((n, axis) => n * axis.length, 1),
    0,
  );
  if (count > maxMembers) {
    throw new UserError(`the sweep has ${count} members; the maximum is ${maxMembers}`);
  }

  const different = new Map<string, SweepMember>();
  for (const member of grids.flatMap(members)) {
    const layer = member.reduce<Tree>(
      (tree, [field, value]) => withValue(tree, pathOf(field), value),
      {},
    ) as Spec;
    // Only a member's values may make another field meaningless; a plain spec must be right as
    // written.
    const whole = member.length === 0 ? base : withoutInapplicable(mergeSpecs(base, layer));
    const label = `sweep member ${
      member.map(([field, value]) => `${field}=${JSON.stringify(value)}`).join(" ")
    }`;
    const resolved = resolveSpec(
      remember(whole, [...sourcesOf(base), overrideSource(label, layer)]),
    );
    // Not the digest: members with images in different locations are different runs.
    const key = canonicalJson(withoutExtensions(resolved));
    if (!different.has(key)) different.set(key, { spec: whole, resolved });
  }
  return [...different.values()];
}
