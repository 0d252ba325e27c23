/**
 * Many experiments, one after the other: only what is missing is done, a member that fails does not
 * stop the others, and several processes, on several machines too, may work on the same members in
 * the same folder.
 */
import type { EngineName } from "../engines/engine.ts";
import { LockedError } from "../files/lock.ts";
import { resolvedSpecYaml } from "../bundle/layout.ts";
import { readLosses } from "../bundle/read.ts";
import { loadDataset } from "../datasets/mod.ts";
import { counted } from "../messages/counted.ts";
import { UserError } from "../messages/errors.ts";
import { DivergedError } from "../training/train.ts";
import { canonicalJson, type LoadedSpec, type ResolvedSpec } from "../spec/mod.ts";
import { type Progress, silentProgress } from "../messages/progress.ts";
import { type SharedEngine, shareEngine } from "./shared_engine.ts";
import { clearFailure, readFailure, saveFailure } from "./failures.ts";
import { digestsOf } from "./prepare.ts";
import { runExperiment, type RunOptions } from "./run.ts";
import { findParent, readStart } from "./trained.ts";
import { type Member, memberProgress, newMembers } from "./sweep_member.ts";
import { findBundle } from "./work.ts";

export type { Member, MemberState } from "./sweep_member.ts";

/** How a sweep is run. */
export interface SweepOptions extends
  Pick<
    RunOptions,
    "out" | "dataRoot" | "skipBad" | "elsewhere" | "threads" | "signal" | "tensorboard"
  > {
  /** The engine to open, once for all members of the same precision; default `auto`. */
  engine?: EngineName | "auto" | undefined;
  /** Whom to tell what the present member does; default nobody. */
  progress?: Progress | undefined;
  /** Called when something about a member changed. */
  onChange?: ((member: Member, members: readonly Member[]) => void) | undefined;
  /** Try again what failed for good, a training that diverged, in an earlier start. */
  retryFailed?: boolean | undefined;
  /** Seconds between two looks at members on which other processes work; default 10. */
  revisitSeconds?: number | undefined;
}

/**
 * Runs the members of a sweep that are not finished, in order; those on which another process works
 * are left to it and looked at again, so that they are taken over where it was killed. Ends when
 * each is finished or has failed.
 *
 * @param specs as `expandSweep` or `loadSweep` gives them
 * @throws UserError where the engine cannot be opened; the signal's reason where that stopped it
 */
export async function runSweep(
  specs: readonly (ResolvedSpec | LoadedSpec)[],
  options: SweepOptions = {},
): Promise<Member[]> {
  const { progress = silentProgress, signal, revisitSeconds = 10 } = options;
  const sweep = beginSweep(specs, options);
  const { members } = sweep;
  const open = () => members.filter(({ state }) => state === "waiting" || state === "elsewhere");
  let told = "";
  using _engines = sweep.engines;
  await findFinished(sweep);
  for (;;) {
    let moved = false;
    for (const member of open()) {
      signal?.throwIfAborted();
      await attempt(sweep, member);
      moved ||= member.state !== "elsewhere";
    }
    const left = open();
    if (left.length === 0) return members;
    if (moved) continue;
    const waiting = waitingText(left, revisitSeconds);
    if (waiting !== told) progress.message(told = waiting);
    await sleep(revisitSeconds, signal);
  }
}

/** A sweep at work. */
interface Sweep {
  options: SweepOptions;
  out: string;
  members: Member[];
  /** The text of each member's spec. */
  writtenOf: ReadonlyMap<ResolvedSpec, string>;
  /** The digest of each member's training, once it is known. */
  trainingOf: Map<Member, string>;
  engines: SharedEngine;
  change(member: Member, changes?: Partial<Member>): void;
}

function beginSweep(
  specs: readonly (ResolvedSpec | LoadedSpec)[],
  options: SweepOptions,
): Sweep {
  const runs = specs.map((spec) => "resolved" in spec ? spec : asLoaded(spec));
  const members = newMembers(runs.map(({ resolved }) => resolved));
  return {
    options,
    out: options.out ?? "out",
    members,
    writtenOf: new Map(runs.map(({ resolved, written }) => [resolved, written])),
    trainingOf: new Map(),
    engines: shareEngine(options.engine ?? "auto"),
    change(member, changes = {}) {
      Object.assign(member, changes);
      options.onChange?.(member, members);
    },
  };
}

/** What a worker with nothing to do waits for. */
function waitingText(members: readonly Member[], seconds: number): string {
  const names = members.slice(0, 3).map(({ name }) => name);
  if (members.length > names.length) names.push(`${members.length - names.length} more`);
  return `nothing to do but to wait for ${names.join(", ")}: other processes work on them. They ` +
    `are looked at every ${counted(seconds, "second")}, and taken over where their process ends`;
}

/**
 * Marks what is finished already, and what will fail: before the engine is opened, for often all of
 * it is.
 */
async function findFinished(sweep: Sweep): Promise<void> {
  const { members, options, out } = sweep;
  const known = new Map<string, string>();
  for (const member of members) {
    options.signal?.throwIfAborted();
    const { spec } = member;
    const { dataset, data, imageSize, channels, classes } = spec;
    const key = canonicalJson({ dataset, data: { ...data }, imageSize, channels, classes });
    try {
      const digest = known.get(key) ?? (await loadDataset(spec, options)).digest;
      known.set(key, digest);
      const parent = findParent(spec, [out]);
      const { run, training } = digestsOf(spec, digest, parent?.digest);
      sweep.trainingOf.set(member, training);
      const bundle = findBundle(out, run);
      if (bundle) finish(sweep, member, bundle);
      // One that does not fit is told now, and not after the others.
      else if (parent?.path) await readStart(parent.path, spec);
      if (options.retryFailed) clearFailure(out, training);
    } catch (error) {
      fail(sweep, member, error);
    }
  }
}

/** Runs a member, where nobody else does and it has not failed for good. */
async function attempt(sweep: Sweep, member: Member): Promise<void> {
  const { options, out, engines, writtenOf, change } = sweep;
  const { progress = silentProgress, signal } = options;
  const { spec, name } = member;
  const training = sweep.trainingOf.get(member);
  const failure = training === undefined ? null : readFailure(out, training);
  if (failure) {
    fail(sweep, member, new UserError(`${failure} --retry-failed tries it again`));
    return;
  }
  const startMs = performance.now();
  const said = memberProgress(member, progress, () => {
    // Another process's member is ours from the moment that its run does something.
    change(member, { state: "running", reason: null });
  });
  if (member.state === "waiting") change(member, { state: "running" });
  try {
    const { path } = await runExperiment(spec, {
      ...options,
      out,
      engine: engines.open,
      siblings: new Set(sweep.trainingOf.values()),
      progress: said,
      source: { path: `${name.replaceAll("/", "-")}.yaml`, text: writtenOf.get(spec) ?? "" },
    });
    finish(sweep, member, path);
  } catch (error) {
    if (signal?.aborted || engines.refused(error)) {
      change(member, { state: "waiting", phase: null, secondsLeft: null });
      throw error;
    }
    if (error instanceof LockedError) {
      change(member, { state: "elsewhere", reason: error.message });
      return;
    }
    if (error instanceof DivergedError && training) saveFailure(out, training, error);
    fail(sweep, member, error);
    // What broke may have left the engine in any state.
    if (!(error instanceof UserError)) engines.close();
  } finally {
    member.seconds += (performance.now() - startMs) / 1000;
  }
}

function finish({ change }: Sweep, member: Member, bundle: string): void {
  const last = readLosses(bundle).slice(-50).map(({ loss }) => loss);
  const loss = last.length ? last.reduce((a, b) => a + b, 0) / last.length : null;
  const nothing = { phase: null, secondsLeft: null, reason: null };
  change(member, { ...nothing, state: "finished", bundle, loss });
}

function fail({ change, options }: Sweep, member: Member, error: unknown): void {
  const { progress = silentProgress } = options;
  const stack = error instanceof Error && !(error instanceof UserError) ? error.stack : undefined;
  const reason = stack ?? (error instanceof Error ? error.message : String(error));
  progress.done();
  progress.message(`${member.name}: failed: ${reason}`);
  change(member, { state: "failed", phase: null, secondsLeft: null, reason });
}

/** A spec that was made in code, with the text that it would be in a file. */
function asLoaded(resolved: ResolvedSpec): LoadedSpec {
  return { resolved, written: resolvedSpecYaml(resolved) };
}

/** Waits, or throws the signal's reason. */
function sleep(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, 1000 * seconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
