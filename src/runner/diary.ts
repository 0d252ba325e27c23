/**
 * A run's diary: `progress.jsonl`. A run appends one line of JSON per event and never rewrites a
 * line. Anybody who can read the folder can follow the run.
 */
import { openAppend, writeAll } from "../files/create.ts";
import type { DiaryLine, DiaryText } from "../bundle/diary.ts";
import type { Progress } from "../messages/progress.ts";

/** The diary's file name, in the work folder and in the bundle. */
export const diaryName = "progress.jsonl";

/** Time between two progress lines: a share of the run's time, between one and ten seconds. */
const lineInterval = { minMs: 1_000, maxMs: 10_000, shareOfRun: 1 / 1_000 };

/** Maximum size of a diary in a bundle. */
const maxBytes = 4 << 20;

/** What a run is, written at each start. */
export interface DiaryStart {
  /** The name of the spec's file without its extension: "d2n-mnistm". */
  name: string;
  /** The paper's name: "D-2N". */
  model: string;
  dataset: string;
  /** The run's digest. */
  run: string;
}

/** A diary that is being written. */
export interface Diary {
  /** Passes progress on to the display, and writes it down. */
  progress: Progress;
  /**
   * Appends to a file from now on, starting with the lines collected so far.
   *
   * @param checkLock throws if another process has taken over; then nothing more is written
   */
  writeTo(path: string, start: DiaryStart, checkLock?: () => void): void;
  /** Gives the learning rate after a number of steps, for lines about training; null if unknown. */
  learningRate: (step: number) => number | null;
  /** Calls `follower` with each line written by this start. */
  follow(follower: (line: DiaryLine) => void): void;
  /** Writes how the run ended, and closes the diary. */
  end(how: "finished" | "stopped" | "failed", reason?: string): void;
  /** The lines of all starts, with progress lines thinned out if it is long. */
  text(): string;
}

/** Starts a diary that also passes progress on. */
export function startDiary(progress: Progress, now: () => number = Date.now): Diary {
  const file = startFile(now);
  const diary: Diary = {
    learningRate: () => null,
    progress: writingProgress(progress, file.write, now, (step) => diary.learningRate(step)),
    writeTo: (path, start, checkLock = () => {}) => file.writeTo(path, start, checkLock),
    follow: file.follow,
    end(how, reason) {
      file.write({ event: "end", how, ...(reason === undefined ? {} : { reason }) });
      file.close();
    },
    text: () => thinOut(file.text(), maxBytes),
  };
  return diary;
}

/** Progress that is passed on and written down. */
function writingProgress(
  progress: Progress,
  write: (text: DiaryText) => void,
  now: () => number,
  learningRate: Diary["learningRate"],
): Progress {
  const timer = startLineTimer(now);
  let phase = { name: "", total: 0 };
  return {
    phase(name, total, unit) {
      phase = { name, total };
      timer.startPhase();
      write({ event: "phase", phase: name, total, unit });
      progress.phase(name, total, unit);
    },
    update(done, fields = {}, overhead) {
      // Updates before the first phase come from reading images.
      const isDue = phase.name !== "" && timer.isDue(done === phase.total);
      if (isDue) write(progressText(phase, done, fields, learningRate));
      progress.update(done, fields, overhead);
    },
    message(text) {
      write({ event: "message", text });
      progress.message(text);
    },
    done: () => progress.done(),
    record(event) {
      write(event);
      progress.record?.(event);
    },
  };
}

/** A progress line; in training it includes loss, speed and memory. */
function progressText(
  { name, total }: { name: string; total: number },
  done: number,
  fields: Fields,
  learningRate: Diary["learningRate"],
): DiaryText {
  if (name !== "training") return { event: "progress", phase: name, done, total };
  return {
    event: "step",
    step: done,
    steps: total,
    epoch: Number.parseInt(String(fields["epoch"] ?? "")) || null,
    loss: numberOf(fields["loss"]),
    ...("equivariance loss" in fields
      ? { equivarianceLoss: numberOf(fields["equivariance loss"]) }
      : {}),
    imagesPerSecond: numberOf(fields["images/s"]),
    learningRate: learningRate(done),
    memoryBytes: Deno.memoryUsage().rss,
  };
}

type Fields = Readonly<Record<string, string | number>>;

function numberOf(value: string | number | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Decides when the next progress line is due. */
function startLineTimer(now: () => number) {
  const startMs = now();
  let writtenMs = -Infinity;
  return {
    /** Makes the first line of a new phase due. */
    startPhase: () => void (writtenMs = -Infinity),
    /** Whether a line is due. If so, it counts as written. */
    isDue(isLast: boolean): boolean {
      const ms = now();
      const { minMs, maxMs, shareOfRun } = lineInterval;
      const wait = Math.min(maxMs, Math.max(minMs, shareOfRun * (ms - startMs)));
      if (!isLast && ms - writtenMs < wait) return false;
      writtenMs = ms;
      return true;
    },
  };
}

/** The diary's file, and the lines collected before it is opened. */
function startFile(now: () => number) {
  const waiting: DiaryLine[] = [];
  const followers: ((line: DiaryLine) => void)[] = [];
  let opened: { path: string; file: Deno.FsFile; checkLock: () => void } | null = null;
  let isClosed = false;

  function append(lines: readonly DiaryLine[]): void {
    if (opened === null) return void waiting.push(...lines);
    try {
      opened.checkLock();
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
      writeAll(opened.file, new TextEncoder().encode(text));
    } catch {
      // The diary never ends a run. Saving the checkpoint will report a full disk or a lost lock.
      isClosed = true;
    }
  }
  return {
    write(text: DiaryText): void {
      if (isClosed) return;
      const line: DiaryLine = { time: new Date(now()).toISOString(), ...text };
      append([line]);
      for (const follower of followers) follower(line);
    },
    writeTo(path: string, start: DiaryStart, checkLock: () => void): void {
      const file = openAppend(path);
      // A line that was cut off when the process was killed stays on a line of its own.
      if (!endsLine(path)) writeAll(file, new TextEncoder().encode("\n"));
      opened = { path, file, checkLock };
      append([{ time: new Date(now()).toISOString(), event: "start", ...start }]);
      append(waiting.splice(0));
    },
    follow(follower: (line: DiaryLine) => void): void {
      followers.push(follower);
    },
    close(): void {
      isClosed = true;
      opened?.file.close();
    },
    text(): string {
      if (opened === null) return waiting.map((line) => `${JSON.stringify(line)}\n`).join("");
      return Deno.readTextFileSync(opened.path);
    },
  };
}

/** Whether a file is empty or ends with a complete line. */
function endsLine(path: string): boolean {
  using file = Deno.openSync(path, { read: true });
  if (file.statSync().size === 0) return true;
  file.seekSync(-1, Deno.SeekMode.End);
  const last = new Uint8Array(1);
  file.readSync(last);
  return last[0] === 10;
}

/** Keeps every second, third, ... progress line, so that the text about fits into `bytes`. */
function thinOut(text: string, bytes: number): string {
  if (text.length <= bytes) return text;
  const every = Math.ceil(text.length / bytes);
  return text.split("\n").filter((line, i) =>
    i % every === 0 || !/^.{0,60}"event":"(step|progress)"/.test(line)
  ).join("\n");
}
