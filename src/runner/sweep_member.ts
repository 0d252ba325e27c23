/** The members of a sweep: their names, states and progress. */
import { specDifferences } from "../spec/differences.ts";
import { type ResolvedSpec, specName } from "../spec/mod.ts";
import { pathOf, type Tree, valueAt } from "../spec/tree.ts";
import type { Progress } from "../messages/progress.ts";

/** The state of a member; `elsewhere` means that another process works on it. */
export type MemberState = "waiting" | "running" | "elsewhere" | "finished" | "failed";

/** One run of a sweep. */
export interface Member {
  readonly spec: ResolvedSpec;
  /** The paper's name, the dataset, and the fields in which members of the sweep differ. */
  readonly name: string;
  state: MemberState;
  /** The current phase of a running member, and the share of it that is done, from 0 to 1. */
  phase: { name: string; share: number } | null;
  /** Mean of the last losses; null until there is one. */
  loss: number | null;
  /** Seconds left in the current phase; null if unknown. */
  secondsLeft: number | null;
  /** Seconds that this process has worked on it. */
  seconds: number;
  /** The finished bundle's folder. */
  bundle: string | null;
  /** Why it failed, or which process works on it. */
  reason: string | null;
}

/** Fields that the paper's name and the dataset express or imply. */
const impliedFields = [
  "architecture",
  "kaiserBeta",
  "normalized",
  "normInside",
  "filter.kind",
  "filter.bypass",
  "padding",
  "position",
  "dataset",
  "channels",
  "data.limit",
];

/**
 * Names the members of a sweep. Names are distinct as long as members differ in more than `x-`
 * fields.
 */
export function memberNames(specs: readonly ResolvedSpec[]): string[] {
  const paths = new Set(
    specs.flatMap((spec) => specDifferences(specs[0]!, spec).map(({ path }) => path)),
  );
  // Null stands for a field that does not apply to a member, such as A's filter.
  const valueOf = (spec: ResolvedSpec, path: string) =>
    valueAt(spec as unknown as Tree, pathOf(path)) ?? null;
  const distinguishing = [...paths].filter((path) => {
    const values = new Set(specs.map((spec) => JSON.stringify(valueOf(spec, path))));
    values.delete("null");
    return !impliedFields.includes(path) && !path.startsWith("x-") && values.size > 1;
  });
  return specs.map((spec) => {
    const fields = distinguishing.flatMap((path) => {
      const value = valueOf(spec, path);
      return value === null ? [] : [`${path}=${JSON.stringify(value)}`];
    });
    return [specName(spec), spec.dataset, ...fields].join(" ");
  });
}

/** Names runs that are grouped by dataset: each name says how it differs within its group. */
export function namesByDataset(specs: readonly ResolvedSpec[]): string[] {
  const groups = Map.groupBy(specs.keys(), (i) => specs[i]!.dataset);
  const names = new Map(
    [...groups.values()].flatMap((indices) =>
      memberNames(indices.map((i) => specs[i]!)).map((name, n) => [indices[n]!, name] as const)
    ),
  );
  return specs.map((_, i) => names.get(i)!);
}

/** Creates the waiting members of a sweep. */
export function newMembers(specs: readonly ResolvedSpec[]): Member[] {
  const names = memberNames(specs);
  return specs.map((spec, i) => ({
    spec,
    name: names[i]!,
    state: "waiting",
    phase: null,
    loss: null,
    secondsLeft: null,
    seconds: 0,
    bundle: null,
    reason: null,
  }));
}

/**
 * Updates a member from its run's progress, and passes the progress on under the member's name.
 * Messages before the first phase are held back, so that a member of another process stays silent.
 */
export function memberProgress(
  member: Member,
  progress: Progress,
  changed: () => void,
  now: () => number = () => performance.now(),
): Progress {
  const held: string[] = [];
  let hasStarted = false;
  let total = 1;
  let first = { done: 0, ms: 0 };
  let counting = false;
  return {
    phase(name, units, unit) {
      for (const text of held.splice(0)) progress.message(`${member.name}: ${text}`);
      [hasStarted, total, counting] = [true, Math.max(1, units), false];
      [member.phase, member.secondsLeft] = [{ name, share: 0 }, null];
      progress.phase(`${member.name}: ${name}`, units, unit);
      changed();
    },
    update(done, fields, overhead) {
      // The first call starts the clock, which excludes compiling and steps of an earlier start.
      const ms = now();
      if (!counting) [first, counting] = [{ done, ms }, true];
      first.ms += 1000 * (overhead?.pausedSeconds ?? 0);
      const { done: from, ms: since } = first;
      if (done > from && ms - since > 2000) {
        const seconds = (total - done) * (ms - since) / 1000 / (done - from);
        member.secondsLeft = seconds + (overhead?.secondsLeft ?? 0);
      }
      if (member.phase) member.phase = { ...member.phase, share: done / total };
      if (typeof fields?.loss === "number") member.loss = fields.loss;
      progress.update(done, fields, overhead);
      changed();
    },
    message(text) {
      if (hasStarted) progress.message(`${member.name}: ${text}`);
      else held.push(text);
    },
    done() {
      progress.done();
    },
  };
}
