/**
 * Many experiments, one after the other: only what is missing is done, a member that fails does not
 * stop the others, and several processes, on several machines too, may work on the same members in
 * the same folder.
 */
import type { EngineName } from "../engines/engine.ts";
import { type Engine, openEngine } from "../engines/mod.ts";
import { LockedError } from "../files/lock.ts";
import { resolvedSpecYaml } from "../bundle/layout.ts";
import { readLosses } from "../bundle/read.ts";
import { loadDataset } from "../datasets/mod.ts";
import { UserError } from "../errors.ts";
import { canonicalJson, type LoadedSpec, type ResolvedSpec } from "../spec/mod.ts";
import { type Reporter, silent } from "./reporter.ts";
import { digestsOf } from "./prepare.ts";
import { runExperiment, type RunOptions } from "./run.ts";
import { findParent } from "./trained.ts";
import { type Member, memberReporter, newMembers } from "./sweep_member.ts";
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
  report?: Reporter | undefined;
  /** Called when something about a member changed. */
  onChange?: ((member: Member, members: readonly Member[]) => void) | undefined;
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
  const { out = "out", report = silent, signal, revisitSeconds = 10 } = options;
  const runs = specs.map((spec) => "resolved" in spec ? spec : alone(spec));
  const members = newMembers(runs.map(({ resolved }) => resolved));
  const writtenOf = new Map(runs.map(({ resolved, written }) => [resolved, written]));
  const engines = engineKeeper(options.engine ?? "auto", options.threads);
  const change = (member: Member, changes: Partial<Member> = {}) => {
    Object.assign(member, changes);
    options.onChange?.(member, members);
  };
  const open = () => members.filter(({ state }) => state === "waiting" || state === "elsewhere");
  try {
    await findFinished();
    for (;;) {
      let moved = false;
      for (const member of open()) {
        signal?.throwIfAborted();
        await attempt(member);
        moved ||= member.state !== "elsewhere";
      }
      if (open().length === 0) return members;
      if (!moved) await pause(revisitSeconds, signal);
    }
  } finally {
    engines.close();
  }

  /** Marks what is finished already, before the engine is opened: often all of it is. */
  async function findFinished(): Promise<void> {
    const digests = new Map<string, string>();
    for (const member of members) {
      signal?.throwIfAborted();
      const { dataset, data, imageSize, channels, classes } = member.spec;
      const key = canonicalJson({ dataset, data: { ...data }, imageSize, channels, classes });
      try {
        if (!digests.has(key)) {
          digests.set(key, (await loadDataset(member.spec, options)).digest);
        }
        const bundle = findBundle(
          out,
          digestsOf(
            member.spec,
            digests.get(key)!,
            findParent(member.spec, [out])?.digest,
          ).run,
        );
        if (bundle) finish(member, bundle);
      } catch (error) {
        fail(member, error);
      }
    }
  }

  async function attempt(member: Member): Promise<void> {
    const { spec, name } = member;
    const engine = await engines.open(spec.precision);
    const startMs = performance.now();
    const before = member.state;
    const said = memberReporter(member, report, () => {
      // Another process's member is ours from the moment that its run does something.
      change(member, { state: "running", reason: null });
    });
    if (before === "waiting") change(member, { state: "running" });
    try {
      const { path } = await runExperiment(spec, {
        ...options,
        out,
        engine,
        report: said,
        source: { path: `${name.replaceAll("/", "-")}.yaml`, text: writtenOf.get(spec)! },
      });
      finish(member, path);
    } catch (error) {
      if (signal?.aborted) {
        change(member, { state: "waiting", phase: null, secondsLeft: null });
        throw error;
      }
      if (error instanceof LockedError) {
        change(member, { state: "elsewhere", reason: error.message });
      } else {
        fail(member, error);
        // What broke may have left the engine in any state.
        if (!(error instanceof UserError)) engines.close();
      }
    } finally {
      member.seconds += (performance.now() - startMs) / 1000;
    }
  }

  function finish(member: Member, bundle: string): void {
    const last = readLosses(bundle).slice(-50).map(({ loss }) => loss);
    const loss = last.length ? last.reduce((a, b) => a + b, 0) / last.length : null;
    change(member, {
      state: "finished",
      phase: null,
      secondsLeft: null,
      reason: null,
      bundle,
      loss,
    });
  }

  function fail(member: Member, error: unknown): void {
    const stack = error instanceof Error && !(error instanceof UserError) ? error.stack : undefined;
    const reason = stack ?? (error instanceof Error ? error.message : String(error));
    report.done();
    report.message(`${member.name}: failed: ${reason}`);
    change(member, { state: "failed", phase: null, secondsLeft: null, reason });
  }
}

/** A spec that was made in code, with the text that it would be in a file. */
function alone(resolved: ResolvedSpec): LoadedSpec {
  return { resolved, written: resolvedSpecYaml(resolved) };
}

/** Keeps one engine open, until another precision is asked for. */
function engineKeeper(name: EngineName | "auto", threads: number | undefined) {
  let kept: { engine: Engine; precision: string } | null = null;
  const close = () => {
    const { engine } = kept ?? {};
    kept = null;
    engine?.dispose();
  };
  return {
    close,
    async open(precision: ResolvedSpec["precision"]): Promise<Engine> {
      if (kept?.precision !== precision) {
        close();
        kept = { engine: await openEngine(name, { precision, threads }), precision };
      }
      return kept!.engine;
    },
  };
}

/** Waits, or throws the signal's reason. */
function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
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
