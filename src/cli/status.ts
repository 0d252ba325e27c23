/** `deno task status`: the runs of a folder, at work, waiting, failed, finished. */
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
  `Shows the runs and sweeps of a folder: what runs and how far it is, what waits, what failed and
why, what is finished and its scores. It reads the folder only, needs no engine, and sees the runs
of other processes and machines, too.

Usage: deno task status [OUT] [--json] [--watch]
       deno task status --csv RUN [OUT]
       deno task status SPEC [field=value ...] [--out OUT]

  OUT         a folder with runs in it (default: out)
  --json      everything as JSON, for programs
  --watch     shows it anew every two seconds, until Ctrl-C
  --csv RUN   the course of a run's training as CSV; RUN is its name, or its folder
  SPEC        why it is a new run: the fields in which it differs from the nearest finished one

Examples:
  deno task status
  deno task status --csv quickstart > quickstart.csv
  deno task status experiments/quickstart.yaml seed=7`;

/** Seconds between two looks. */
const watchSeconds = 2;

/** Prints what there is. */
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
    print(line`no runs yet: ${out} is made by the first one, deno task run SPEC`);
    return 0;
  }
  if (values.csv !== undefined) {
    print(diaryCsv(diaryOf(pathOfRun(values.csv, out))).trimEnd());
  } else if (flags.json) print(JSON.stringify(statusJson(out), null, 2));
  else if (flags.watch) await watch(out);
  else print(statusText(out));
  return 0;
}

/** Shows the status anew until the process is ended. */
async function watch(out: string): Promise<never> {
  for (;;) {
    const text = visible(statusText(out));
    if (Deno.stdout.isTerminal()) draw("\x1b[H\x1b[J");
    print(text);
    await new Promise((done) => setTimeout(done, 1000 * watchSeconds));
  }
}

/** The folder of a run that is named by its name, its folder, or the name of that. */
function pathOfRun(named: string, out: string): string {
  const runs = statusOf(out);
  const found = runs.filter(({ name, path }) =>
    name === named || resolve(path) === resolve(named) || resolve(path) === resolve(out, named)
  );
  const [one, ...others] = found;
  if (one && others.length === 0) return one.path;
  const list = (found.length ? found : runs).map(({ path }) => oneLine(path)).join("\n  ");
  throw new UserError(
    found.length
      ? `${named}: several runs are called so; name one's folder:\n  ${list}`
      : `${out} has no run ${named}; it has\n  ${list || "none"}`,
  );
}

/** A sweep, and how many of its members are where. */
interface SweepStatus {
  name: string;
  members: number;
  finished: number;
  /** Names of the members that nobody has begun. */
  waiting: string[];
}

function sweepStatus({ name, members }: SweepRecord, runs: readonly RunStatus[]): SweepStatus {
  const begun = new Map(runs.map((run) => [run.specDigest, run.state]));
  return {
    name,
    members: members.length,
    finished: members.filter(({ spec }) => begun.get(spec) === "finished").length,
    waiting: members.filter(({ spec }) => !begun.has(spec)).map((member) => member.name),
  };
}

/** What `--json` prints. */
export function statusJson(out: string) {
  const runs = statusOf(out);
  return {
    folder: resolve(out),
    runs: runs.map((run) => ({ ...run, remove: removal(run) })),
    sweeps: readSweeps(out).map((sweep) => sweepStatus(sweep, runs)),
  };
}

/** The command that removes a run. */
function removal({ path }: RunStatus): string {
  return `rm -r ${/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`}`;
}

/** What people see. */
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
    parts.push(inColumns([finishedHead, ...finished.map(finishedRow)]).join("\n"));
  }
  if (runs.length > 0) parts.push("A run is removed with its folder: rm -r FOLDER");
  return parts.join("\n\n");
}

const openHead = [
  "run",
  "model",
  "state",
  "loss",
  "time left",
  "last sign of life",
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

/** "D-2N on mnist"; nothing of what cannot be read. */
function modelText({ model, dataset }: RunStatus): string {
  return model && dataset ? `${model} on ${dataset}` : model;
}

function finishedRow(run: RunStatus): string[] {
  const { name, scores, bytes, path } = run;
  const figures = scores.map((score) => {
    const { label, text } = scoreText(score);
    return `${label.replace(/ [↓↑]$/, "")} ${text}`;
  });
  return [name, modelText(run), figures.join("; ") || "none", size(bytes), path];
}

function sweepText({ name, members, finished, waiting }: SweepStatus): string {
  const begun = `sweep ${name}: ${finished} of ${members} finished`;
  if (waiting.length === 0) return oneLine(begun);
  const some = waiting.slice(0, 5).join(", ");
  const rest = waiting.length > 5 ? ", ..." : "";
  return oneLine(`${begun}, ${waiting.length} waiting: ${some}${rest}`);
}

/** A number of bytes, as people say it. */
function size(bytes: number): string {
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
