/**
 * A run's diary: `progress.jsonl`, a line of JSON for what happens, appended while it happens and
 * never rewritten. Whoever may read the folder can follow the run by it.
 */
import { openAppend, writeAll } from "../files/create.ts";
import type { DiaryLine, DiaryText } from "../bundle/diary.ts";
import type { Progress } from "../messages/progress.ts";

/** The diary's name, in the place of work and in the bundle. */
export const diaryName = "progress.jsonl";

/** Between two lines on how far a run is: at least a second, of a long run some seconds. */
const between = { shortestMs: 1_000, longestMs: 10_000, shareOfRun: 1 / 1_000 };

/** Bytes of a diary that goes into a bundle, at most. */
const mostBytes = 4 << 20;

/** What a run is, said at each start. */
export interface DiaryStart {
  /** By the spec's file: "d2n-mnistm". */
  name: string;
  /** The paper's name: "D-2N". */
  model: string;
  dataset: string;
  /** The run's digest. */
  run: string;
}

/** A diary in the making. */
export interface Diary {
  /** Tells the person, and writes down. */
  progress: Progress;
  /**
   * Begins to write into a file, behind what it holds; what was said before is written first.
   *
   * @param checkLock throws where the file is another process's by now: then nothing more is written
   */
  keepIn(path: string, start: DiaryStart, checkLock?: () => void): void;
  /** The learning rate after so many steps, which lines on training tell; null where unknown. */
  learningRate: (step: number) => number | null;
  /** Is told each line that is written, those of earlier starts apart. */
  follow(follower: (line: DiaryLine) => void): void;
  /** Writes how the run ended, and nothing more. */
  end(how: "finished" | "stopped" | "failed", reason?: string): void;
  /** What was written in all starts, thinned out where it is long. */
  text(): string;
}

/** Starts a diary in front of a reporter. */
export function startDiary(progress: Progress, now: () => number = Date.now): Diary {
  const pages = startPages(now);
  const diary: Diary = {
    learningRate: () => null,
    progress: writingProgress(progress, pages.write, now, (step) => diary.learningRate(step)),
    keepIn: (path, start, checkLock = () => {}) => pages.keepIn(path, start, checkLock),
    follow: pages.follow,
    end(how, reason) {
      pages.write({ event: "end", how, ...(reason === undefined ? {} : { reason }) });
      pages.close();
    },
    text: () => thinned(pages.text(), mostBytes),
  };
  return diary;
}

/** A reporter that passes on what it is told, and writes it down. */
function writingProgress(
  progress: Progress,
  write: (text: DiaryText) => void,
  now: () => number,
  learningRate: Diary["learningRate"],
): Progress {
  const pace = startPace(now);
  let phase = { name: "", total: 0 };
  return {
    phase(name, total, unit) {
      phase = { name, total };
      pace.start();
      write({ event: "phase", phase: name, total, unit });
      progress.phase(name, total, unit);
    },
    update(done, fields = {}, overhead) {
      // Before the first phase there is nothing to be far in: images are being read.
      const isDue = phase.name !== "" && pace.isDue(done === phase.total);
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

/** How far a phase is: of the training with its figures. */
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
    imagesPerSecond: numberOf(fields["images/s"]),
    learningRate: learningRate(done),
    memoryBytes: Deno.memoryUsage().rss,
  };
}

type Fields = Readonly<Record<string, string | number>>;

function numberOf(value: string | number | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** When the next line on how far a run is may be written. */
function startPace(now: () => number) {
  const startMs = now();
  let writtenMs = -Infinity;
  return {
    /** A part of the work begins: its first line is due. */
    start: () => void (writtenMs = -Infinity),
    /** Whether one is due; then it counts as written. */
    isDue(isLast: boolean): boolean {
      const ms = now();
      const { shortestMs, longestMs, shareOfRun } = between;
      const wait = Math.min(longestMs, Math.max(shortestMs, shareOfRun * (ms - startMs)));
      if (!isLast && ms - writtenMs < wait) return false;
      writtenMs = ms;
      return true;
    },
  };
}

/** The file, and what waits for it. */
function startPages(now: () => number) {
  const waiting: DiaryLine[] = [];
  const followers: ((line: DiaryLine) => void)[] = [];
  let kept: { path: string; file: Deno.FsFile; checkLock: () => void } | null = null;
  let isOver = false;

  function append(lines: readonly DiaryLine[]): void {
    if (kept === null) return void waiting.push(...lines);
    try {
      kept.checkLock();
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
      writeAll(kept.file, new TextEncoder().encode(text));
    } catch {
      // A diary ends no run: a full disk and a lost lock are told by what must be saved.
      isOver = true;
    }
  }
  return {
    write(text: DiaryText): void {
      if (isOver) return;
      const line: DiaryLine = { time: new Date(now()).toISOString(), ...text };
      append([line]);
      for (const follower of followers) follower(line);
    },
    keepIn(path: string, start: DiaryStart, checkLock: () => void): void {
      const file = openAppend(path);
      // A line that a kill cut off stays as it is, on a line of its own.
      if (!endsLine(path)) writeAll(file, new TextEncoder().encode("\n"));
      kept = { path, file, checkLock };
      append([{ time: new Date(now()).toISOString(), event: "start", ...start }]);
      append(waiting.splice(0));
    },
    follow(follower: (line: DiaryLine) => void): void {
      followers.push(follower);
    },
    close(): void {
      isOver = true;
      kept?.file.close();
    },
    text(): string {
      if (kept === null) return waiting.map((line) => `${JSON.stringify(line)}\n`).join("");
      return Deno.readTextFileSync(kept.path);
    },
  };
}

/** Whether a file is empty, or its last line whole. */
function endsLine(path: string): boolean {
  using file = Deno.openSync(path, { read: true });
  if (file.statSync().size === 0) return true;
  file.seekSync(-1, Deno.SeekMode.End);
  const last = new Uint8Array(1);
  file.readSync(last);
  return last[0] === 10;
}

/** Every second, third, ... of the lines on how far the run was left away, until the text fits. */
function thinned(text: string, bytes: number): string {
  if (text.length <= bytes) return text;
  const keep = Math.ceil(text.length / bytes);
  return text.split("\n").filter((line, i) =>
    i % keep === 0 || !/^.{0,60}"event":"(step|progress)"/.test(line)
  ).join("\n");
}
