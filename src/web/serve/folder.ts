/** What lies under the folder that is served. Everything is read, nothing is written. */
import { join } from "@std/path";
import { isBundle } from "../../bundle/read.ts";
import { isSafeName } from "../../bundle/manifest.ts";
import { type RunStatus, statusOfBundle, statusOfWork } from "../../runner/status.ts";
import { readSweeps } from "../../runner/sweep_record.ts";

/** A finished bundle: its folder's name, and what is known of it. */
export interface Finished {
  folder: string;
  status: RunStatus;
}

/** A sweep with the states of its members. */
export interface SweepState {
  name: string;
  members: { name: string; state: RunStatus["state"] | "waiting" }[];
}

/** Bundles on one page. */
export const bundlesAPage = 50;

/** The folder, with what was read of finished bundles kept for the next time. */
export interface ServedFolder {
  readonly path: string;
  /** The runs at work. */
  runs(): RunStatus[];
  /** A run at work by the name of its place. */
  run(id: string): RunStatus | null;
  /** Folders of finished bundles, the newest first. */
  bundleNames(): string[];
  /** A finished bundle by its folder's name; null where there is none. */
  bundle(folder: string): Finished | null;
  sweeps(): SweepState[];
}

/** Opens a folder for serving. */
export function serveFolder(path: string): ServedFolder {
  const kept = new Map<string, { changed: number; finished: Finished }>();

  const folder: ServedFolder = {
    path,
    runs: () => statusOfWork(path, Date.now()),
    run: (id) => folder.runs().find((run) => run.path.endsWith(id)) ?? null,
    bundleNames: () => bundleNames(path),
    bundle(name) {
      // Only a name in this folder: no path, no link that leads out of it.
      if (!isSafeName(name) || name.includes("/")) return null;
      const at = join(path, name);
      const changed = changedOf(at);
      if (changed === null || !isBundle(at)) return null;
      const known = kept.get(name);
      if (known?.changed === changed) return known.finished;
      const finished = { folder: name, status: statusOfBundle(at) };
      kept.set(name, { changed, finished });
      return finished;
    },
    sweeps: () => sweepStates(path, folder),
  };
  return folder;
}

/** When a folder itself was changed; null where it is none, or a link. */
function changedOf(path: string): number | null {
  try {
    const info = Deno.lstatSync(path);
    return info.isDirectory ? info.mtime?.getTime() ?? 0 : null;
  } catch {
    return null;
  }
}

function bundleNames(path: string): string[] {
  const names = [...Deno.readDirSync(path)]
    .filter(({ name, isDirectory }) => isDirectory && isSafeName(name))
    .map(({ name }) => ({ name, changed: changedOf(join(path, name)) ?? 0 }))
    .filter(({ name }) => isBundle(join(path, name)));
  return names.sort((a, b) => b.changed - a.changed || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name);
}

function sweepStates(path: string, folder: ServedFolder): SweepState[] {
  const records = readSweeps(path);
  if (records.length === 0) return [];
  const states = new Map<string, RunStatus["state"]>();
  const finished = folder.bundleNames().map((name) => folder.bundle(name)?.status);
  for (const run of [...folder.runs(), ...finished]) {
    if (run?.specDigest) states.set(run.specDigest, run.state);
  }
  return records.map(({ name, members }) => ({
    name,
    members: members.map((member) => ({
      name: member.name,
      state: states.get(member.spec) ?? "waiting",
    })),
  }));
}
