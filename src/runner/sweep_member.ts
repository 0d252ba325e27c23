/** A sweep's members: what they are called, how far they are, and how that is followed. */
import { specDifferences } from "../spec/differences.ts";
import { type ResolvedSpec, specName } from "../spec/mod.ts";
import { pathOf, type Tree, valueAt } from "../spec/tree.ts";
import type { Progress } from "../messages/progress.ts";

/** Where a member is: `elsewhere` means that another process works on it. */
export type MemberState = "waiting" | "running" | "elsewhere" | "finished" | "failed";

/** One run of a sweep. */
export interface Member {
  readonly spec: ResolvedSpec;
  /** The paper's name, the dataset, and the fields in which members of the sweep differ. */
  readonly name: string;
  state: MemberState;
  /** What a running one does at present: the phase's name, and how much of it is done, 0 to 1. */
  phase: { name: string; share: number } | null;
  /** Mean of the last losses; null while there is none. */
  loss: number | null;
  /** Of the present phase; null while nobody knows. */
  secondsLeft: number | null;
  /** Seconds that this process worked on it. */
  seconds: number;
  /** The finished bundle's folder. */
  bundle: string | null;
  /** Why it failed, or who works on it. */
  reason: string | null;
}

/** Said by the paper's name and the dataset, or following from them. */
const named = [
  "architecture",
  "kaiserBeta",
  "normalized",
  "normInside",
  "dataset",
  "channels",
  "data.limit",
];

/**
 * What the members of a sweep are called; each is called differently as long as they differ in more
 * than `x-` fields.
 */
export function memberNames(specs: readonly ResolvedSpec[]): string[] {
  const paths = new Set(
    specs.flatMap((spec) => specDifferences(specs[0]!, spec).map(({ path }) => path)),
  );
  // Null stands for what does not apply to a member, such as A's filter.
  const valueOf = (spec: ResolvedSpec, path: string) =>
    valueAt(spec as unknown as Tree, pathOf(path)) ?? null;
  const said = [...paths].filter((path) => {
    const values = new Set(specs.map((spec) => JSON.stringify(valueOf(spec, path))));
    values.delete("null");
    return !named.includes(path) && !path.startsWith("x-") && values.size > 1;
  });
  return specs.map((spec) => {
    const fields = said.flatMap((path) => {
      const value = valueOf(spec, path);
      return value === null ? [] : [`${path}=${JSON.stringify(value)}`];
    });
    return [specName(spec), spec.dataset, ...fields].join(" ");
  });
}

/** Names of runs that are shown by dataset: each says how it differs from others on its dataset. */
export function namesByDataset(specs: readonly ResolvedSpec[]): string[] {
  const groups = Map.groupBy(specs.keys(), (i) => specs[i]!.dataset);
  const names = new Map(
    [...groups.values()].flatMap((places) =>
      memberNames(places.map((i) => specs[i]!)).map((name, n) => [places[n]!, name] as const)
    ),
  );
  return specs.map((_, i) => names.get(i)!);
}

/** Members that wait. */
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
 * Follows a member's run, and passes on what it says under the member's name. What is said before
 * the first phase waits for it: of a run that turns out to be another process's nothing is heard.
 */
export function memberProgress(
  member: Member,
  progress: Progress,
  changed: () => void,
  now: () => number = () => performance.now(),
): Progress {
  const held: string[] = [];
  let begun = false;
  let total = 1;
  let first = { done: 0, ms: 0 };
  let counting = false;
  return {
    phase(name, units, unit) {
      for (const text of held.splice(0)) progress.message(`${member.name}: ${text}`);
      [begun, total, counting] = [true, Math.max(1, units), false];
      [member.phase, member.secondsLeft] = [{ name, share: 0 }, null];
      progress.phase(`${member.name}: ${name}`, units, unit);
      changed();
    },
    update(done, fields, overhead) {
      // The first call starts the clock: before it lie compiling, and steps of an earlier start.
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
      if (begun) progress.message(`${member.name}: ${text}`);
      else held.push(text);
    },
    done() {
      progress.done();
    },
  };
}
