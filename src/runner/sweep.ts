/**
 * Runs the members of a sweep, one after the other. Finished members are skipped, and a member that
 * fails does not stop the others. Several processes, even on several machines, may work on the same
 * sweep in the same folder.
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

/** How to run a sweep. */
export interface SweepOptions extends
  Pick<
    RunOptions,
    "out" | "dataRoot" | "skipBad" | "elsewhere" | "threads" | "signal" | "tensorboard"
  > {
  /** The engine to open, once for all members with the same precision; default `auto`. */
  engine?: EngineName | "auto" | undefined;
  /** Receives the progress of the current member; ignored by default. */
  progress?: Progress | undefined;
  /** Called when a member changes. */
  onChange?: ((member: Member, members: readonly Member[]) => void) | undefined;
  /** Try members again that failed permanently, because their training diverged. */
  retryFailed?: boolean | undefined;
  /** Seconds between attempts at members that other processes work on; default 10. */
  revisitSeconds?: number | undefined;
}

/**
 * Runs the unfinished members of a sweep in order, until each has finished or failed. Members that
 * another process works on are left to it, and tried again later in case it was killed.
 *
 * @param specs as `expandSweep` or `loadSweep` returns them
 * @throws UserError if the engine cannot be opened; the signal's reason if it stopped the sweep
 */
export async function runSweep(
  specs: readonly (ResolvedSpec | LoadedSpec)[],
  options: SweepOptions = {},
): Promise<Member[]> {
  const { progress = silentProgress, signal, revisitSeconds = 10 } = options;
  const sweep = startSweep(specs, options);
  const { members } = sweep;
  const open = () => members.filter(({ state }) => state === "waiting" || state === "elsewhere");
  let lastMessage = "";
  using _engine = sweep.engine;
  await findFinished(sweep);
  for (;;) {
    let hasWorked = false;
    for (const member of open()) {
      signal?.throwIfAborted();
      await runMember(sweep, member);
      hasWorked ||= member.state !== "elsewhere";
    }
    const left = open();
    if (left.length === 0) return members;
    if (hasWorked) continue;
    const message = waitingText(left, revisitSeconds);
    if (message !== lastMessage) progress.message(message);
    lastMessage = message;
    await sleep(revisitSeconds, signal);
  }
}

/** A running sweep. */
interface Sweep {
  options: SweepOptions;
  out: string;
  members: Member[];
  /** The text of each member's spec. */
  writtenOf: ReadonlyMap<ResolvedSpec, string>;
  /** The training digest of each member, once known. */
  trainingOf: Map<Member, string>;
  engine: SharedEngine;
  change(member: Member, changes?: Partial<Member>): void;
}

function startSweep(
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
    engine: shareEngine(options.engine ?? "auto"),
    change(member, changes = {}) {
      Object.assign(member, changes);
      options.onChange?.(member, members);
    },
  };
}

/** Says what an idle worker waits for. */
function waitingText(members: readonly Member[], seconds: number): string {
  const names = members.slice(0, 3).map(({ name }) => name);
  if (members.length > names.length) names.push(`${members.length - names.length} more`);
  return `waiting for ${names.join(", ")}: other processes work on them. This worker tries them ` +
    `every ${counted(seconds, "second")}, and takes them over when their process has ended`;
}

/**
 * Marks members that are already finished, and members that cannot run. This happens before the
 * engine is opened, because often all members are finished.
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
      if (bundle) markFinished(sweep, member, bundle);
      // A parent that does not fit is reported now, not after the other members have run.
      else if (parent?.path) await readStart(parent.path, spec);
      if (options.retryFailed) clearFailure(out, training);
    } catch (error) {
      markFailed(sweep, member, error);
    }
  }
}

/** Runs a member, unless another process does or it has failed permanently. */
async function runMember(sweep: Sweep, member: Member): Promise<void> {
  const { options, out, engine, writtenOf, change } = sweep;
  const { progress = silentProgress, signal } = options;
  const { spec, name } = member;
  const training = sweep.trainingOf.get(member);
  const failure = training === undefined ? null : readFailure(out, training);
  if (failure) {
    markFailed(sweep, member, new UserError(`${failure} Use --retry-failed to try it again`));
    return;
  }
  const startMs = performance.now();
  const ownProgress = memberProgress(member, progress, () => {
    // A member of another process becomes ours once our run makes progress.
    change(member, { state: "running", reason: null });
  });
  if (member.state === "waiting") change(member, { state: "running" });
  try {
    const { path } = await runExperiment(spec, {
      ...options,
      out,
      engine: engine.open,
      siblings: new Set(sweep.trainingOf.values()),
      progress: ownProgress,
      source: { path: `${name.replaceAll("/", "-")}.yaml`, text: writtenOf.get(spec) ?? "" },
    });
    markFinished(sweep, member, path);
  } catch (error) {
    if (signal?.aborted || engine.isOpenError(error)) {
      change(member, { state: "waiting", phase: null, secondsLeft: null });
      throw error;
    }
    if (error instanceof LockedError) {
      change(member, { state: "elsewhere", reason: error.message });
      return;
    }
    if (error instanceof DivergedError && training) saveFailure(out, training, error);
    markFailed(sweep, member, error);
    // An unexpected error may have left the engine in any state.
    if (!(error instanceof UserError)) engine.close();
  } finally {
    member.seconds += (performance.now() - startMs) / 1000;
  }
}

function markFinished({ change }: Sweep, member: Member, bundle: string): void {
  const last = readLosses(bundle).slice(-50).map(({ loss }) => loss);
  const loss = last.length ? last.reduce((a, b) => a + b, 0) / last.length : null;
  const nothing = { phase: null, secondsLeft: null, reason: null };
  change(member, { ...nothing, state: "finished", bundle, loss });
}

function markFailed({ change, options }: Sweep, member: Member, error: unknown): void {
  const { progress = silentProgress } = options;
  const stack = error instanceof Error && !(error instanceof UserError) ? error.stack : undefined;
  const reason = stack ?? (error instanceof Error ? error.message : String(error));
  progress.done();
  progress.message(`${member.name}: failed: ${reason}`);
  change(member, { state: "failed", phase: null, secondsLeft: null, reason });
}

/** A spec made in code, with the text that it would have in a file. */
function asLoaded(resolved: ResolvedSpec): LoadedSpec {
  return { resolved, written: resolvedSpecYaml(resolved) };
}

/** Waits, or throws the signal's reason if it is aborted. */
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
