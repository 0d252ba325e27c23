/**
 * Reads the state of all runs in a folder: running, stopped and finished ones, including those of
 * other processes and of other machines that share the disk. Needs no engine and writes nothing.
 */
import { basename, join } from "@std/path";
import { files } from "../bundle/layout.ts";
import { openBundle } from "../bundle/open.ts";
import { isBundle, readBundleDigests, readBundleSpec, readMetrics } from "../bundle/read.ts";
import { digestsForm, parseForm } from "../bundle/schemas.ts";
import type { Score } from "../evaluation/evaluate.ts";
import { UserError } from "../messages/errors.ts";

import { readRegularText } from "../files/read.ts";
import { lockFile, newestNumber } from "../files/lock_file.ts";
import { explainInputError } from "../formats/input.ts";
import { parseSpec, type ResolvedSpec, resolveSpec, specName } from "../spec/mod.ts";
import { diaryName } from "./diary.ts";
import { type DiaryLine, linesOf, parseDiary } from "../bundle/diary.ts";
import { progressOf, type RunProgress } from "./status_progress.ts";

/**
 * The state of a run. `silent`: locked, but without a heartbeat, so killed or on a slow disk;
 * `stopped`: the same command resumes it; `damaged`: it cannot be read.
 */
export type RunState = "running" | "silent" | "stopped" | "failed" | "finished" | "damaged";

/** A score of a finished run. */
export type StatusScore = Pick<Score, "metric" | "value" | "standardError" | "better">;

/** A run, finished or not. */
export interface RunStatus {
  /** The name of the spec's file, without extension. */
  name: string;
  /** The paper's name; empty if it cannot be read. */
  model: string;
  dataset: string;
  state: RunState;
  /** The bundle, or the work folder. */
  path: string;
  /** Size on disk. */
  bytes: number;
  /** Progress of an unfinished run; null if unknown. */
  progress: RunProgress | null;
  /** Last heartbeat of an unfinished run, ISO 8601. */
  lastSign: string | null;
  /** Why it failed, or why it cannot be read. */
  reason: string | null;
  scores: StatusScore[];
  /** SHA-256 of its resolved spec; null if it cannot be read. */
  specDigest: string | null;
  /** The run digest of a finished run, which its repetitions share; otherwise null. */
  runDigest: string | null;
}

/** Seconds without a heartbeat after which a run counts as silent, or as stopped. */
const patience = { silent: 8, stopped: 60 };

/** Maximum number of bytes to read of a diary. Of a longer one, the end is read. */
const maxDiaryBytes = 16 << 20;

/**
 * Lists the runs in a folder: first the unfinished ones, then the finished ones, by name.
 *
 * @param now current time in milliseconds; tests set it
 * @throws UserError if the folder does not exist
 */
export function statusOf(out: string, now: number = Date.now()): RunStatus[] {
  return [...statusOfWork(out, now), ...bundleStatuses(out)];
}

function foldersIn(path: string): string[] {
  return [...Deno.readDirSync(path)].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name).sort();
}

/**
 * Lists the unfinished runs in a folder.
 *
 * @param now current time in milliseconds
 */
export function statusOfWork(out: string, now: number): RunStatus[] {
  const root = join(out, ".work");
  try {
    const names = foldersIn(root).filter((name) => /^[0-9a-f]{16}$/.test(name));
    return names.map((name) => workStatus(join(root, name), now));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw explainInputError(error, root);
  }
}

function workStatus(path: string, now: number): RunStatus {
  const lines = tryRead(() => diaryOf(path)) ?? [];
  const start = linesOf(lines, "start").at(-1);
  const spec = tryRead(() => workSpec(path));
  const known = start ?? { name: spec ? specName(spec) : basename(path), model: "", dataset: "" };
  const end = lines.findLast(({ event }) => event === "start" || event === "end");
  const { state, lastSign } = workState(path, end, now);
  return {
    name: known.name,
    model: spec ? specName(spec) : known.model,
    dataset: spec?.dataset ?? known.dataset,
    state,
    path,
    bytes: sizeOf(path),
    progress: progressOf(lines, state === "running"),
    lastSign: lastSign === null ? null : new Date(lastSign).toISOString(),
    reason: state === "failed" && end?.event === "end" ? end.reason ?? null : null,
    scores: [],
    specDigest: tryRead(() => workDigest(path)),
    runDigest: null,
  };
}

function workSpec(path: string): ResolvedSpec | null {
  const text = textOf(join(path, files.spec));
  return text === null ? null : resolveSpec(parseSpec(text));
}

function workDigest(path: string): string | null {
  const text = textOf(join(path, files.digests));
  return text === null ? null : parseForm(digestsForm, text, path).spec;
}

/** The state of an unfinished run, from its lock's heartbeat and its diary. */
function workState(
  path: string,
  end: DiaryLine | undefined,
  now: number,
): { state: RunState; lastSign: number | null } {
  const number = newestNumber(`${path}.lock`);
  const beat = number === 0 ? null : changedAt(lockFile(`${path}.lock`, number));
  const written = changedAt(join(path, diaryName));
  const lastSign = Math.max(beat ?? 0, written ?? 0) || null;
  const seconds = beat === null ? Infinity : (now - beat) / 1000;
  if (seconds < patience.silent) return { state: "running", lastSign };
  if (seconds < patience.stopped) return { state: "silent", lastSign };
  const isFailed = end?.event === "end" && end.how === "failed";
  return { state: isFailed ? "failed" : "stopped", lastSign };
}

/** When a file was last written; null if it does not exist. */
function changedAt(path: string): number | null {
  try {
    return Deno.lstatSync(path).mtime?.getTime() ?? null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function bundleStatuses(out: string): RunStatus[] {
  try {
    if (isBundle(out)) return [statusOfBundle(out)];
    return foldersIn(out).filter((name) => !name.startsWith("."))
      .map((name) => join(out, name)).filter(isBundle).map(statusOfBundle);
  } catch (error) {
    throw explainInputError(error, out);
  }
}

/** The status of a bundle. Checks its manifests and file sizes; `verify` checks every byte. */
export function statusOfBundle(path: string): RunStatus {
  const folder = {
    name: basename(path).replace(/-[0-9a-f]{12}(-\d+)?$/, ""),
    path,
    bytes: sizeOf(path),
    progress: null,
    lastSign: null,
  };
  try {
    const bundle = openBundle(path);
    const spec = readBundleSpec(bundle);
    const scores = (readMetrics(bundle)?.scores ?? []).map((
      { metric, value, standardError, better },
    ) => ({ metric, value, standardError, better }));
    const { spec: specDigest, run: runDigest } = readBundleDigests(bundle);
    const about = { model: specName(spec), dataset: spec.dataset, specDigest, runDigest };
    return { ...folder, ...about, state: "finished", reason: null, scores };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const unknown = { model: "", dataset: "", specDigest: null, runDigest: null, scores: [] };
    return { ...folder, ...unknown, state: "damaged", reason: error.message };
  }
}

/** The diary of a run, finished or not. */
export function diaryOf(path: string): DiaryLine[] {
  return parseDiary(textOf(join(path, diaryName)) ?? "");
}

/** The text of a file, or the end of a long one; null if it does not exist. */
function textOf(path: string): string | null {
  return readRegularText(path, maxDiaryBytes);
}

/** Total size of the files in a folder. Links do not count, nor do files removed meanwhile. */
function sizeOf(path: string): number {
  try {
    return [...Deno.readDirSync(path)].reduce((sum, { name, isDirectory, isFile }) => {
      const inside = join(path, name);
      return sum + (isDirectory ? sizeOf(inside) : isFile ? Deno.lstatSync(inside).size : 0);
    }, 0);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    if (error instanceof Deno.errors.PermissionDenied) return 0;
    throw error;
  }
}

/** Reads something, or returns null if it cannot be read, so that the others are still listed. */
function tryRead<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError || error instanceof Deno.errors.PermissionDenied) return null;
    throw error;
  }
}
