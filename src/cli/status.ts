/** `deno task status`: the runs in a folder: running, waiting, failed, finished. */
import { resolve } from "@std/path";
import { counted } from "../messages/counted.ts";
import { UserError } from "../messages/errors.ts";
import { scoreText } from "../evaluation/table_text.ts";
import { exists } from "../files/create.ts";
import { inColumns } from "../formats/columns.ts";
import { diaryCsv } from "../bundle/diary.ts";
import { differencesFromNearest } from "../runner/nearest_finished.ts";
import { diaryOf, type RunStatus, statusOf } from "../runner/status.ts";
import { readSweeps, type SweepRecord } from "../runner/sweep_record.ts";
import { loadSpec } from "../spec/mod.ts";
import { draw, line, oneLine, print, visible } from "../messages/terminal.ts";
import { defaultFolder } from "./folders.ts";
import { parseOptions } from "./options.ts";
import { formatDuration } from "../messages/duration.ts";

/** What `--help` prints. */
export const help =
  `List the runs and sweeps in a folder: running, waiting, failed (with the reason) and
finished (with the scores). status only reads the folder, needs no engine, and also
lists the runs of other processes and machines.

Usage: deno task status [OUT] [--json] [--watch]
       deno task status --csv RUN [OUT]
       deno task status SPEC [field=value ...] [--out OUT]

  OUT        a folder of runs (default: out)
  SPEC       a spec: print the fields in which it differs from the nearest finished
             run, which is why it is a new run

Options:
  --json     print everything as JSON, for programs
  --watch    refresh every two seconds, until Ctrl-C
  --csv RUN  print the training curve of a run, named by its name or folder, as CSV
  --out OUT  the same as OUT; with SPEC, the folder of the finished runs

Examples:
  deno task status
  deno task status --csv quickstart > quickstart.csv
  deno task status experiments/quickstart.yaml seed=7`;

/** The interval of `--watch`. */
const watchSeconds = 2;

/** Prints the status. */
export async function run(args: string[]): Promise<number> {
  const { values, flags, words } = parseOptions(args, ["csv", "out"], ["json", "watch"]);
  const [first, ...more] = words;
  if (first !== undefined && /\.ya?ml$/.test(first)) {
    const { resolved } = await loadSpec(first, more);
    const out = values.out ?? defaultFolder("out");
    print(differencesFromNearest(resolved, out).join("\n"));
    return 0;
  }
  if (more.length > 0) {
    throw new UserError(`status takes one folder; got ${words.length}\n\n${help}`);
  }
  const out = values.out ?? first ?? defaultFolder("out");
  if (first === undefined && values.out === undefined && !exists(out)) {
    print(line`no runs yet: the first one creates ${out} (deno task run SPEC)`);
    return 0;
  }
  if (values.csv !== undefined) {
    print(diaryCsv(diaryOf(findRun(values.csv, out))).trimEnd());
  } else if (flags.json) print(JSON.stringify(statusJson(out), null, 2));
  else if (flags.watch) await watch(out);
  else print(statusText(out));
  return 0;
}

/** Refreshes the status until the process ends. */
async function watch(out: string): Promise<never> {
  for (;;) {
    const text = visible(statusText(out));
    if (Deno.stdout.isTerminal()) draw("\x1b[H\x1b[J");
    print(text);
    await new Promise((resolve) => setTimeout(resolve, 1000 * watchSeconds));
  }
}

/** The folder of a run, found by the run's name, its path, or its folder's name. */
function findRun(text: string, out: string): string {
  const runs = statusOf(out);
  const found = runs.filter(({ name, path }) =>
    name === text || resolve(path) === resolve(text) || resolve(path) === resolve(out, text)
  );
  const [first, ...others] = found;
  if (first && others.length === 0) return first.path;
  const list = (found.length ? found : runs).map(({ path }) => oneLine(path)).join("\n  ");
  throw new UserError(
    found.length
      ? `${text}: several runs have this name; name a folder:\n  ${list}`
      : `${out} has no run ${text}; it has:\n  ${list || "no runs"}`,
  );
}

/** A sweep, and the states of its members. */
interface SweepStatus {
  name: string;
  members: number;
  finished: number;
  /** Names of the members that have not started. */
  waiting: string[];
}

function sweepStatus({ name, members }: SweepRecord, runs: readonly RunStatus[]): SweepStatus {
  const states = new Map(runs.map((run) => [run.specDigest, run.state]));
  return {
    name,
    members: members.length,
    finished: members.filter(({ spec }) => states.get(spec) === "finished").length,
    waiting: members.filter(({ spec }) => !states.has(spec)).map((member) => member.name),
  };
}

/** What `--json` prints. */
export function statusJson(out: string) {
  const runs = statusOf(out);
  const originals = originalsOf(runs);
  return {
    folder: resolve(out),
    runs: runs.map((run) => ({
      ...run,
      repeats: originals.get(run)?.path ?? null,
      remove: removal(run),
    })),
    sweeps: readSweeps(out).map((sweep) => sweepStatus(sweep, runs)),
  };
}

/**
 * For each repetition of a run (by `reproduce` or `run --again`), the first bundle of that run. The
 * first one is the one with the shortest folder name: repetitions add a number.
 */
function originalsOf(runs: readonly RunStatus[]): Map<RunStatus, RunStatus> {
  const byRun = Map.groupBy(
    runs.filter(({ runDigest }) => runDigest !== null),
    ({ runDigest }) => runDigest,
  );
  return new Map([...byRun.values()].flatMap((same) => {
    const [original, ...repetitions] = same.toSorted((a, b) => a.path.length - b.path.length);
    return repetitions.map((run) => [run, original!] as const);
  }));
}

/** The command that removes a run. */
function removal({ path }: RunStatus): string {
  return `rm -r ${/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`}`;
}

/** The status as text. */
export function statusText(out: string, now: number = Date.now()): string {
  const runs = statusOf(out, now);
  const sweeps = readSweeps(out).map((sweep) => sweepStatus(sweep, runs));
  const bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
  const parts = [
    oneLine(
      `${out}: ${runs.length === 0 ? "no runs" : `${counted(runs.length, "run")}, ${size(bytes)}`}`,
    ),
  ];
  const open = runs.filter(({ state }) => state !== "finished");
  const finished = runs.filter(({ state }) => state === "finished");
  if (open.length > 0) {
    parts.push(inColumns([openHead, ...open.map((run) => openRow(run, now))]).join("\n"));
  }
  const reasons = open.filter(({ reason }) => reason !== null);
  if (reasons.length > 0) {
    parts.push(reasons.map(({ name, reason }) => oneLine(`${name}: ${reason}`)).join("\n"));
  }
  if (sweeps.length > 0) parts.push(sweeps.map(sweepText).join("\n"));
  if (finished.length > 0) {
    const originals = originalsOf(finished);
    const rows = finished.map((run) => finishedRow(run, originals.has(run)));
    parts.push(inColumns([finishedHead, ...rows]).join("\n"));
  }
  if (runs.length > 0) parts.push("To remove a run, remove its folder: rm -r FOLDER");
  return parts.join("\n\n");
}

const openHead = [
  "run",
  "model",
  "state",
  "loss",
  "time left",
  "last heartbeat",
  "size",
  "folder",
];

function openRow(run: RunStatus, now: number): string[] {
  const { name, progress, lastSign, bytes, path } = run;
  return [
    name,
    modelText(run),
    stateText(run),
    progress?.loss?.toFixed(4) ?? "",
    progress?.secondsLeft ? formatDuration(progress.secondsLeft) : "",
    lastSign ? `${formatDuration((now - Date.parse(lastSign)) / 1000)} ago` : "",
    size(bytes),
    path,
  ];
}

function stateText({ state, progress }: RunStatus): string {
  if (state === "damaged") return "cannot be read";
  if (progress === null) return state;
  const { phase, done, total } = progress;
  const share = total > 0 ? ` ${Math.floor(100 * done / total)} %` : "";
  const where = `${phase}${share}`;
  return state === "running" ? where : `${state} at ${where}`;
}

const finishedHead = ["finished run", "model", "scores", "size", "folder"];

/** "D-2N on mnist"; empty if it cannot be read. */
function modelText({ model, dataset }: RunStatus): string {
  return model && dataset ? `${model} on ${dataset}` : model;
}

function finishedRow(run: RunStatus, isRepetition: boolean): string[] {
  const { name, scores, bytes, path } = run;
  const figures = scores.map((score) => {
    const { label, text } = scoreText(score);
    return `${label.replace(/ [↓↑]$/, "")} ${text}`;
  });
  const title = isRepetition ? `${name} (repetition)` : name;
  return [title, modelText(run), figures.join("; ") || "none", size(bytes), path];
}

function sweepText({ name, members, finished, waiting }: SweepStatus): string {
  const head = `sweep ${name}: ${finished} of ${members} finished`;
  if (waiting.length === 0) return oneLine(head);
  const first = waiting.slice(0, 5).join(", ");
  const rest = waiting.length > 5 ? ", ..." : "";
  return oneLine(`${head}, ${waiting.length} waiting: ${first}${rest}`);
}

/** A number of bytes with a unit. */
function size(bytes: number): string {
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
