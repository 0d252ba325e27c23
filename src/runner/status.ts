/**
 * What lies in a folder of runs, at work and finished, read without an engine and without writing:
 * also what other processes do, on this machine or on others that share the disk.
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
 * `silent`: locked, but without a sign of life for a while, so killed, or on a slow disk;
 * `stopped`: the same command goes on with it; `damaged`: it cannot be read.
 */
export type RunState = "running" | "silent" | "stopped" | "failed" | "finished" | "damaged";

/** A score of a finished run. */
export type StatusScore = Pick<Score, "metric" | "value" | "standardError" | "better">;

/** A run, at work or finished. */
export interface RunStatus {
  /** What the person called it: the name of the spec's file. */
  name: string;
  /** The paper's name; "" where it cannot be read. */
  model: string;
  dataset: string;
  state: RunState;
  /** The bundle, or the place of work. */
  path: string;
  /** On the disk. */
  bytes: number;
  /** Where an unfinished one is; null where it has not said anything. */
  progress: RunProgress | null;
  /** When anything was last heard of an unfinished one: ISO 8601. */
  lastSign: string | null;
  /** Why it failed, or cannot be read. */
  reason: string | null;
  scores: StatusScore[];
  /** SHA-256 of its resolved spec; null where it cannot be read. */
  specDigest: string | null;
}

/** Seconds without a sign of life, after which a run counts as silent, and as stopped. */
const patience = { silent: 8, stopped: 60 };

/** Bytes of a diary that are read, at most: its end, where it is longer. */
const mostDiary = 16 << 20;

/**
 * Every run in a folder: those at work first, then the finished ones, by name.
 *
 * @param now in milliseconds, for tests
 * @throws UserError where there is no such folder
 */
export function statusOf(out: string, now: number = Date.now()): RunStatus[] {
  return [...statusOfWork(out, now), ...bundleStatuses(out)];
}

function foldersIn(path: string): string[] {
  return [...Deno.readDirSync(path)].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name).sort();
}

/**
 * The runs at work in a folder.
 *
 * @param now in milliseconds
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
  const said = start ?? { name: spec ? specName(spec) : basename(path), model: "", dataset: "" };
  const end = lines.findLast(({ event }) => event === "start" || event === "end");
  const { state, lastSign } = signsOf(path, end, now);
  return {
    name: said.name,
    model: spec ? specName(spec) : said.model,
    dataset: spec?.dataset ?? said.dataset,
    state,
    path,
    bytes: sizeOf(path),
    progress: progressOf(lines, state === "running"),
    lastSign: lastSign === null ? null : new Date(lastSign).toISOString(),
    reason: state === "failed" && end?.event === "end" ? end.reason ?? null : null,
    scores: [],
    specDigest: tryRead(() => workDigest(path)),
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

/** Whether a process works in a place, by its lock's heartbeat and the diary. */
function signsOf(
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

/** When a file was last written; null where there is none. */
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

/** Of a bundle whose manifests and sizes are right; `verify` looks at the other bytes. */
export function statusOfBundle(path: string): RunStatus {
  const found = {
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
    const specDigest = readBundleDigests(bundle).spec;
    const about = { model: specName(spec), dataset: spec.dataset, specDigest };
    return { ...found, ...about, state: "finished", reason: null, scores };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const unknown = { model: "", dataset: "", specDigest: null, scores: [] };
    return { ...found, ...unknown, state: "damaged", reason: error.message };
  }
}

/** The diary of a run, at work or finished. */
export function diaryOf(path: string): DiaryLine[] {
  return parseDiary(textOf(join(path, diaryName)) ?? "");
}

/** The end of a file of ours as text; null where there is none. */
function textOf(path: string): string | null {
  return readRegularText(path, mostDiary);
}

/** Bytes of all files in a folder; links count as nothing. What goes away meanwhile does, too. */
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

/** What can be read; null where it cannot: a list shows the others all the same. */
function tryRead<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError || error instanceof Deno.errors.PermissionDenied) return null;
    throw error;
  }
}
