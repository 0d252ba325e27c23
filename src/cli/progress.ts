/**
 * Tells a person how far a long job is: a bar that redraws itself where stderr is a terminal, a
 * plain line now and then where it is not.
 */
import { formatDuration } from "../messages/duration.ts";
import { type Progress, type ProgressFields, silentProgress } from "../messages/progress.ts";
import { draw, oneLine, terminalSize, visible } from "../messages/terminal.ts";

/** How progress is shown; all but `quiet` is for tests. */
export interface ProgressOptions {
  /** Show nothing; default false. */
  quiet?: boolean;
  write?: (text: string) => void;
  /** Whether lines can be redrawn. */
  terminal?: boolean;
  /** The terminal's width at this moment. */
  columns?: () => number;
  /** The time in milliseconds. */
  now?: () => number;
}

interface Phase {
  readonly name: string;
  readonly total: number;
  readonly unit: string;
  readonly startMs: number;
  done: number;
  fields: ProgressFields;
  /**
   * When how much was done, over the last minute or so: the time left follows the present speed.
   */
  marks: { ms: number; done: number }[];
  /** Seconds still to come for something other than the units. */
  overheadSeconds: number;
  shownMs: number;
}

const recentMs = 60_000;
const redrawMs = 100;
const eraseLine = "\r\x1b[K";

/** Makes a progress display on stderr. */
export function createProgress(options: ProgressOptions = {}): Progress {
  if (options.quiet) return silentProgress;
  const write = options.write ?? draw;
  const terminal = options.terminal ?? Deno.stderr.isTerminal();
  const columns = options.columns ?? (() => terminalSize().columns);
  const now = options.now ?? (() => performance.now());
  let phase: Phase | null = null;

  function show(phase: Phase) {
    phase.shownMs = now();
    const left = timeLeft(phase);
    write(
      terminal
        ? eraseLine + barLine({ ...phase, left, columns: columns() })
        : plainLine({ ...phase, left }) + "\n",
    );
  }

  function end() {
    if (phase === null) return;
    const { name, startMs, done: reached } = phase;
    const [done, , unit] = counts(phase);
    phase = null;
    const line = `${name}: ${done} ${reached === 1 ? unit.replace(/s$/, "") : unit} in ${
      formatDuration((now() - startMs) / 1000)
    }\n`;
    write(terminal ? eraseLine + line : line);
  }

  return {
    phase(name, total, unit) {
      end();
      const startMs = now();
      phase = {
        name,
        total,
        unit,
        startMs,
        done: 0,
        fields: {},
        marks: [],
        overheadSeconds: 0,
        shownMs: -Infinity,
      };
      if (terminal) show(phase);
      else phase.shownMs = startMs;
    },
    update(
      done,
      fields = {},
      { pausedSeconds, secondsLeft } = { pausedSeconds: 0, secondsLeft: 0 },
    ) {
      if (phase === null) return;
      phase.done = done;
      phase.fields = fields;
      const ms = now();
      phase.overheadSeconds = secondsLeft;
      const { marks } = phase;
      for (const mark of marks) mark.ms += 1000 * pausedSeconds;
      if (marks.length === 0 || ms - marks.at(-1)!.ms >= 1000) marks.push({ ms, done });
      while (marks.length > 2 && ms - marks[1]!.ms > recentMs) marks.shift();
      if (ms - phase.shownMs >= (terminal ? redrawMs : plainIntervalMs(ms - phase.startMs))) {
        show(phase);
      }
    },
    message(text) {
      const shown = `${visible(text)}\n`;
      write(terminal && phase !== null ? eraseLine + shown : shown);
      if (terminal && phase !== null) show(phase);
    },
    done: end,
  };

  /** From the speed of the last minute; null until two marks tell one. */
  function timeLeft({ marks, done, total, overheadSeconds }: Phase): number | null {
    const first = marks[0];
    if (first === undefined || done <= first.done) return null;
    const seconds = (now() - first.ms) / 1000;
    return seconds < 2 ? null : (total - done) * seconds / (done - first.done) + overheadSeconds;
  }
}

/** Lines in a log: often at first, then less, five minutes apart at most. */
function plainIntervalMs(elapsedMs: number): number {
  return Math.min(Math.max(elapsedMs / 10, 10_000), 300_000);
}

/** What one line of progress tells. */
export interface ProgressState {
  readonly name: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly fields: ProgressFields;
  /** Seconds left, null while nobody knows. */
  readonly left: number | null;
}

/**
 * One line for a log: `training: 1,200 of 5,000 steps (24 %), loss 0.0312, 283 images/s, 7 min 12 s
 * left`.
 */
export function plainLine(state: ProgressState): string {
  const percent = Math.floor(100 * state.done / Math.max(state.total, 1));
  const [done, total, unit] = counts(state);
  const counted = `${done} of ${total} ${unit} (${percent} %)`;
  return oneLine(`${state.name}: ${[counted, ...parts(state)].join(", ")}`);
}

/** One line for a terminal, never wider than it: the bar gives way first, then what stands last. */
export function barLine(state: ProgressState & { readonly columns: number }): string {
  const [done, total, unit] = counts(state);
  const words = oneLine([`${done}/${total} ${unit}`, ...parts(state)].join(" · "));
  // The last column stays free: some terminals wrap when it is filled.
  const room = state.columns - 1;
  const width = Math.min(30, room - state.name.length - words.length - 2);
  const line = width < 4
    ? `${state.name} ${words}`
    : `${state.name} ${bar(state.done / state.total, width)} ${words}`;
  return line.length <= room ? line : `${line.slice(0, Math.max(room - 1, 0))}…`;
}

/** Done, total and unit as they are shown: bytes in megabytes, all else as it is counted. */
function counts(
  { done, total, unit }: Pick<ProgressState, "done" | "total" | "unit">,
): [string, string, string] {
  if (unit !== "bytes") return [formatCount(done), formatCount(total), unit];
  const digits = total < 1e7 ? 2 : total < 1e8 ? 1 : 0;
  return [(done / 1e6).toFixed(digits), (total / 1e6).toFixed(digits), "MB"];
}

function bar(share: number, width: number): string {
  const full = Math.floor(Math.min(Math.max(share || 0, 0), 1) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

function parts({ fields, left }: ProgressState): string[] {
  const words = Object.entries(fields).map(([name, value]) =>
    name.includes("/") ? `${formatField(value)} ${name}` : `${name} ${formatField(value)}`
  );
  return left === null ? words : [...words, `${formatDuration(left)} left`];
}

function formatField(value: string | number): string {
  if (typeof value === "string" || !Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return formatCount(Math.round(value));
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

function formatCount(value: number): string {
  return value.toLocaleString("en-US");
}
