/**
 * What `sweep --dry-run` prints: the state of each member, and how long the unfinished ones would
 * take. Nothing is written.
 */
import { basename } from "@std/path";
import { counted } from "../messages/counted.ts";
import { UserError } from "../messages/errors.ts";
import { inColumns } from "../formats/columns.ts";
import { type EstimateOptions, estimateRun } from "../runner/estimate.ts";
import { readFailure } from "../runner/failures.ts";
import { checkpointOf, type Prepared, prepareRun } from "../runner/prepare.ts";
import { roughDuration } from "../messages/duration.ts";
import { statusOfWork } from "../runner/status.ts";
import { memberNames } from "../runner/sweep_member.ts";
import { canonicalJson, type ResolvedSpec } from "../spec/mod.ts";

/** What a sweep would do with a member. */
export interface Plan {
  name: string;
  /** The member's state, as text. */
  state: string;
  /** Whether the member is finished, would run, or would be refused. */
  outcome: "finished" | "waiting" | "refused";
  /** How long it would take here; null if unknown. */
  seconds: number | null;
}

type PlanOptions = Omit<EstimateOptions, "out"> & { out: string };

/** Plans the members of a sweep, one after the other. */
export async function planSweep(
  specs: readonly ResolvedSpec[],
  options: PlanOptions,
): Promise<Plan[]> {
  const names = memberNames(specs);
  const context: PlanContext = { options, seconds: new Map(), trainedBy: new Map() };
  const plans: Plan[] = [];
  for (const [i, spec] of specs.entries()) {
    const name = names[i] ?? "";
    plans.push({ name, ...await planMember(spec, name, context) });
  }
  return plans;
}

/** What is known from the members planned before. */
interface PlanContext {
  readonly options: PlanOptions;
  /** Estimated times by {@link timeKey}. */
  readonly seconds: Map<string, number | null>;
  /** The first member of each training, by training digest. */
  readonly trainedBy: Map<string, string>;
}

async function planMember(
  spec: ResolvedSpec,
  name: string,
  { options, seconds, trainedBy }: PlanContext,
): Promise<Omit<Plan, "name">> {
  try {
    const prepared = await prepareRun(spec, { ...options, keep: false });
    if (prepared.finished) {
      return { state: `finished: ${prepared.finished}`, outcome: "finished", seconds: null };
    }
    const failure = readFailure(options.out, prepared.digests.training);
    if (failure) return { state: `failed: ${failure}`, outcome: "refused", seconds: null };
    const first = prepared.shared ? undefined : trainedBy.get(prepared.digests.training);
    if (first !== undefined) {
      return { state: `waiting for the model of ${first}`, outcome: "waiting", seconds: null };
    }
    trainedBy.set(prepared.digests.training, name);
    const state = await waitingState(prepared, options.out);
    const key = timeKey(spec, state);
    if (!seconds.has(key)) seconds.set(key, (await estimateRun(spec, options)).seconds);
    return { state, outcome: "waiting", seconds: seconds.get(key) ?? null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { state: `refused: ${error.message}`, outcome: "refused", seconds: null };
  }
}

async function waitingState(prepared: Prepared, out: string): Promise<string> {
  const isRunning = statusOfWork(out, Date.now()).some(({ state, specDigest }) =>
    state === "running" && specDigest === prepared.digests.spec
  );
  if (isRunning) return "another process works on it";
  if (prepared.shared) return `waiting; reuses the model of ${basename(prepared.shared.path)}`;
  const checkpoint = await checkpointOf(prepared, out);
  const done = checkpoint ? checkpoint.losses.length - (prepared.start?.losses.length ?? 0) : 0;
  return done > 0 ? `waiting, ${counted(done, "step")} done` : "waiting";
}

/** Runs with the same key take the same time: the filter's numbers and the seed do not matter. */
function timeKey(spec: ResolvedSpec, state: string): string {
  const filter = spec.kaiserBeta === null
    ? {}
    : { kaiserBeta: 1, normalized: true, gain: 1, cutoff: { down: 1, up: 1 } };
  return state + canonicalJson({ ...spec, ...filter, seed: 0 });
}

/** The plans as a table, with their sum. */
export function planLines(plans: readonly Plan[]): string[] {
  const rows = plans.map(({ name, state, seconds }) => [
    name,
    seconds === null ? "" : `about ${roughDuration(seconds)}`,
    state,
  ]);
  const table = inColumns([["member", "time", "state"], ...rows]);
  const count = (outcome: Plan["outcome"]) =>
    plans.filter((plan) => plan.outcome === outcome).length;
  const waiting = plans.filter(({ outcome }) => outcome === "waiting");
  const isKnown = waiting.every(({ seconds, state }) =>
    seconds !== null || state.startsWith("waiting for")
  );
  const total = waiting.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
  const time = isKnown && total > 0 ? `: about ${roughDuration(total)} for one worker here` : "";
  const refused = count("refused");
  return [
    ...table,
    `${count("finished")} of ${plans.length} finished, ${waiting.length} waiting${time}` +
    (refused ? `, ${refused} failed or refused` : ""),
  ];
}
