/** The folder that is served: runs, sweeps and bundles. It is only read, never written. */
import { join } from "@std/path";
import { isBundle } from "../../bundle/read.ts";
import { isSafeName } from "../../bundle/manifest.ts";
import { type RunStatus, statusOfBundle, statusOfWork } from "../../runner/status.ts";
import { readSweeps } from "../../runner/sweep_record.ts";

/** A finished bundle: the name of its folder, and its status. */
export interface Finished {
  folder: string;
  status: RunStatus;
}

/** A sweep with the state of each run. */
export interface SweepState {
  name: string;
  members: { name: string; state: RunStatus["state"] | "waiting" }[];
}

/** The number of bundles on one page. */
export const bundlesPerPage = 50;

/** The folder, with a cache of the status of finished bundles. */
export interface ServedFolder {
  readonly path: string;
  /** The unfinished runs. */
  runs(): RunStatus[];
  /** An unfinished run by the name of its work folder. */
  run(id: string): RunStatus | null;
  /** The names of finished bundles' folders, the newest first. */
  bundleNames(): string[];
  /** A finished bundle by its folder's name; null if there is none. */
  bundle(folder: string): Finished | null;
  sweeps(): SweepState[];
}

/** Opens a folder for serving. */
export function serveFolder(path: string): ServedFolder {
  const cache = new Map<string, { changed: number; finished: Finished }>();

  const folder: ServedFolder = {
    path,
    runs: () => statusOfWork(path, Date.now()),
    run: (id) => folder.runs().find((run) => run.path.endsWith(id)) ?? null,
    bundleNames: () => bundleNames(path),
    bundle(name) {
      // Only names in this folder: no paths, and no links that lead out of it.
      if (!isSafeName(name) || name.includes("/")) return null;
      const bundle = join(path, name);
      const changed = changeTime(bundle);
      if (changed === null || !isBundle(bundle)) return null;
      const cached = cache.get(name);
      if (cached?.changed === changed) return cached.finished;
      const finished = { folder: name, status: statusOfBundle(bundle) };
      cache.set(name, { changed, finished });
      return finished;
    },
    sweeps: () => sweepStates(path, folder),
  };
  return folder;
}

/** The modification time of a folder, in milliseconds; null if it is not a folder, or a link. */
function changeTime(path: string): number | null {
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
    .map(({ name }) => ({ name, changed: changeTime(join(path, name)) ?? 0 }))
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
