/**
 * Shows the progress of a long job: a bar that is redrawn if stderr is a terminal, otherwise a plain
 * line now and then.
 */
import { formatDuration } from "../messages/duration.ts";
import { type Progress, type ProgressFields, silentProgress } from "../messages/progress.ts";
import { draw, oneLine, terminalSize, visible } from "../messages/terminal.ts";

/** Options of {@link createProgress}; all but `quiet` are for tests. */
export interface ProgressOptions {
  /** Show nothing; default false. */
  quiet?: boolean;
  /** Receives the output; default: stderr. */
  write?: (text: string) => void;
  /** Whether lines can be redrawn; default: whether stderr is a terminal. */
  terminal?: boolean;
  /** The current width of the terminal. */
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
  /** Samples of the last minute or so, from which the current speed follows. */
  samples: { ms: number; done: number }[];
  /** Seconds still to come for something other than the units. */
  overheadSeconds: number;
  shownMs: number;
}

const recentMs = 60_000;
const redrawMs = 100;
const eraseLine = "\r\x1b[K";

/** Creates a progress display on stderr. */
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
    const { name, startMs, done } = phase;
    const [count, , plural] = counts(phase);
    const unit = done === 1 ? plural.replace(/s$/, "") : plural;
    phase = null;
    const line = `${name}: ${count} ${unit} in ${formatDuration((now() - startMs) / 1000)}\n`;
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
        samples: [],
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
      const { samples } = phase;
      for (const sample of samples) sample.ms += 1000 * pausedSeconds;
      if (samples.length === 0 || ms - samples.at(-1)!.ms >= 1000) samples.push({ ms, done });
      while (samples.length > 2 && ms - samples[1]!.ms > recentMs) samples.shift();
      if (ms - phase.shownMs >= (terminal ? redrawMs : plainIntervalMs(ms - phase.startMs))) {
        show(phase);
      }
    },
    message(text) {
      const line = `${visible(text)}\n`;
      write(terminal && phase !== null ? eraseLine + line : line);
      if (terminal && phase !== null) show(phase);
    },
    done: end,
  };

  /** Seconds left at the speed of the last minute; null until the speed is known. */
  function timeLeft({ samples, done, total, overheadSeconds }: Phase): number | null {
    const first = samples[0];
    if (first === undefined || done <= first.done) return null;
    const seconds = (now() - first.ms) / 1000;
    return seconds < 2 ? null : (total - done) * seconds / (done - first.done) + overheadSeconds;
  }
}

/** Time between two lines of a log: short at first, five minutes at most. */
function plainIntervalMs(elapsedMs: number): number {
  return Math.min(Math.max(elapsedMs / 10, 10_000), 300_000);
}

/** The content of one line of progress. */
export interface ProgressState {
  readonly name: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly fields: ProgressFields;
  /** Seconds left; null if unknown. */
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

/** One line for a terminal, never wider than it: first the bar shrinks, then the end is cut off. */
export function barLine(state: ProgressState & { readonly columns: number }): string {
  const [done, total, unit] = counts(state);
  const text = oneLine([`${done}/${total} ${unit}`, ...parts(state)].join(" · "));
  // The last column stays free: some terminals wrap when it is filled.
  const room = state.columns - 1;
  const width = Math.min(30, room - state.name.length - text.length - 2);
  const line = width < 4
    ? `${state.name} ${text}`
    : `${state.name} ${bar(state.done / state.total, width)} ${text}`;
  return line.length <= room ? line : `${line.slice(0, Math.max(room - 1, 0))}…`;
}

/** Done, total and unit as text; bytes become megabytes. */
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
  const texts = Object.entries(fields).map(([name, value]) =>
    name.includes("/") ? `${formatField(value)} ${name}` : `${name} ${formatField(value)}`
  );
  return left === null ? texts : [...texts, `${formatDuration(left)} left`];
}

function formatField(value: string | number): string {
  if (typeof value === "string" || !Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return formatCount(Math.round(value));
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

function formatCount(value: number): string {
  return value.toLocaleString("en-US");
}
