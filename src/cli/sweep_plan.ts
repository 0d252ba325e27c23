/**
 * What `sweep --dry-run` tells: each member, what of it is finished, who works on it, and how long
 * the others would take. Nothing is written.
 */
import { basename } from "@std/path";
import { counted } from "../messages/counted.ts";
import { UserError } from "../messages/errors.ts";
import { type EstimateOptions, estimateRun } from "../runner/estimate.ts";
import { readFailure } from "../runner/failures.ts";
import { checkpointOf, type Prepared, prepareRun } from "../runner/prepare.ts";
import { roughDuration } from "../messages/duration.ts";
import { statusOfWork } from "../runner/status.ts";
import { memberNames } from "../runner/sweep_member.ts";
import { canonicalJson, type ResolvedSpec } from "../spec/mod.ts";
import { oneLine } from "../messages/terminal.ts";

/** What would be done with a member. */
export interface Plan {
  name: string;
  /** What it is at, for people. */
  state: string;
  /** Whether nothing is left to do, something is, or it would be refused. */
  is: "finished" | "waiting" | "refused";
  /** How long it would take here; null where that is not known. */
  seconds: number | null;
}

type PlanOptions = Omit<EstimateOptions, "out"> & { out: string };

/** Plans the members of a sweep, one after the other. */
export async function planSweep(
  specs: readonly ResolvedSpec[],
  options: PlanOptions,
): Promise<Plan[]> {
  const names = memberNames(specs);
  const measured = new Map<string, number | null>();
  const trainedBy = new Map<string, string>();
  const plans: Plan[] = [];
  for (const [i, spec] of specs.entries()) {
    const name = names[i] ?? "";
    plans.push({ name, ...await planMember(spec, name, { options, measured, trainedBy }) });
  }
  return plans;
}

/** What is known of the members before. */
interface Known {
  options: PlanOptions;
  /** Seconds by what the time depends on. */
  measured: Map<string, number | null>;
  /** The members that train first, by the digests of their trainings. */
  trainedBy: Map<string, string>;
}

async function planMember(
  spec: ResolvedSpec,
  name: string,
  { options, measured, trainedBy }: Known,
): Promise<Omit<Plan, "name">> {
  try {
    const prepared = await prepareRun(spec, { ...options, keep: false });
    if (prepared.finished) {
      return { state: `finished: ${prepared.finished}`, is: "finished", seconds: null };
    }
    const failure = readFailure(options.out, prepared.digests.training);
    if (failure) return { state: `failed: ${failure}`, is: "refused", seconds: null };
    const first = prepared.shared ? undefined : trainedBy.get(prepared.digests.training);
    if (first !== undefined) {
      return { state: `waiting for the model of ${first}`, is: "waiting", seconds: null };
    }
    trainedBy.set(prepared.digests.training, name);
    const state = await stateOf(prepared, options.out);
    const kin = kinOf(spec, state);
    if (!measured.has(kin)) measured.set(kin, (await estimateRun(spec, options)).seconds);
    return { state, is: "waiting", seconds: measured.get(kin) ?? null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { state: `refused: ${error.message}`, is: "refused", seconds: null };
  }
}

async function stateOf(prepared: Prepared, out: string): Promise<string> {
  const works = statusOfWork(out, Date.now()).some(({ state, specDigest }) =>
    state === "running" && specDigest === prepared.digests.spec
  );
  if (works) return "another process works on it";
  if (prepared.shared) return `waiting; takes the model of ${basename(prepared.shared.path)}`;
  const checkpoint = await checkpointOf(prepared, out);
  const done = checkpoint ? checkpoint.losses.length - (prepared.start?.losses.length ?? 0) : 0;
  return done > 0 ? `waiting, ${counted(done, "step")} done` : "waiting";
}

/** What the time depends on: everything but the numbers of a filter, and the seed. */
function kinOf(spec: ResolvedSpec, state: string): string {
  const filter = spec.kaiserBeta === null
    ? {}
    : { kaiserBeta: 1, normalized: true, gain: 1, cutoff: { down: 1, up: 1 } };
  return state + canonicalJson({ ...spec, ...filter, seed: 0 });
}

/** The plans as a table, and what they come to. */
export function planLines(plans: readonly Plan[]): string[] {
  const rows = plans.map(({ name, state, seconds }) => [
    oneLine(name),
    seconds === null ? "" : `about ${roughDuration(seconds)}`,
    oneLine(state),
  ]);
  const all = [["member", "time", "state"], ...rows];
  const widths = [0, 1].map((i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const table = all.map((row) =>
    row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd()
  );
  const count = (what: Plan["is"]) => plans.filter((plan) => plan.is === what).length;
  const waiting = plans.filter((plan) => plan.is === "waiting");
  const known = waiting.every(({ seconds, state }) =>
    seconds !== null || state.startsWith("waiting for")
  );
  const total = waiting.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
  const time = known && total > 0 ? `: about ${roughDuration(total)} for one worker here` : "";
  const refused = count("refused");
  return [
    ...table,
    `${count("finished")} of ${plans.length} finished, ${waiting.length} waiting${time}` +
    (refused ? `, ${refused} failed or refused` : ""),
  ];
}
