/** Shows a sweep's members: as a live table on a terminal, otherwise as plain lines. */
import { inColumns } from "../formats/columns.ts";
import type { Progress } from "../messages/progress.ts";
import type { Member } from "../runner/sweep.ts";
import { draw, terminalSize, visible } from "../messages/terminal.ts";
import { formatDuration } from "../messages/duration.ts";
import { createProgress } from "./progress.ts";

/** Displays a sweep. */
export interface SweepDisplay {
  /** Receives the progress of the members' runs. */
  progress: Progress;
  /** Shows a change of a member. */
  change(member: Member, members: readonly Member[]): void;
  /** Erases the live table. */
  clear(): void;
}

/** Options of {@link sweepDisplay}; all but `quiet` are for tests. */
export interface SweepDisplayOptions {
  /** Show nothing. */
  quiet?: boolean;
  /** Receives the output; default: stderr. */
  write?: (text: string) => void;
  /** Whether lines can be redrawn; default: whether stderr is a terminal. */
  terminal?: boolean;
  /** The current size of the terminal. */
  size?: () => { columns: number; rows: number };
  /** The time in milliseconds. */
  now?: () => number;
}

const redrawMs = 200;

/** Creates a display on stderr. */
export function sweepDisplay(options: SweepDisplayOptions = {}): SweepDisplay {
  const { write = draw, now = () => performance.now(), size = terminalSize } = options;
  const terminal = options.terminal ?? Deno.stderr.isTerminal();
  if (options.quiet) return { progress: createProgress({ quiet: true }), change() {}, clear() {} };
  return terminal ? liveDisplay(write, now, size) : plainDisplay(write, now);
}

/** Prints a line for each change of a member's state, and the progress of the running member. */
function plainDisplay(write: (text: string) => void, now: () => number): SweepDisplay {
  const progress = createProgress({ write, terminal: false, now });
  const printed = new Map<Member, string>();
  return {
    progress,
    change(member, members) {
      if (member.state === printed.get(member)) return;
      printed.set(member, member.state);
      const state = member.state === "elsewhere" ? member.reason : stateText(member);
      const bundle = member.bundle ? `, ${member.bundle}` : "";
      if (member.state !== "running") progress.message(`${member.name}: ${state}${bundle}`);
      if (["finished", "failed"].includes(member.state)) progress.message(countLine(members));
    },
    clear() {},
  };
}

/** Draws a table, and redraws it in place. */
function liveDisplay(
  write: (text: string) => void,
  now: () => number,
  size: () => { columns: number; rows: number },
): SweepDisplay {
  const shown = { lines: 0, ms: -Infinity, states: "" };
  let current: readonly Member[] = [];
  // Moves the cursor up over the old table, and erases everything below.
  const erase = () => shown.lines > 0 ? `\x1b[${shown.lines}A\x1b[J` : "";
  function show() {
    const { columns, rows } = size();
    const lines = tableLines(current, rows - 2).map((line) => line.slice(0, columns - 1));
    write(erase() + lines.join("\n") + "\n");
    Object.assign(shown, { lines: lines.length, ms: now() });
  }
  return {
    progress: {
      phase() {},
      update() {},
      done() {},
      message(text) {
        write(`${erase()}${visible(text)}\n`);
        shown.lines = 0;
        if (current.length) show();
      },
    },
    change(_member, members) {
      current = members;
      const states = members.map(({ state }) => state).join();
      if (states === shown.states && now() - shown.ms < redrawMs) return;
      shown.states = states;
      show();
    },
    clear() {
      write(erase());
      shown.lines = 0;
    },
  };
}

/** A member's state in a word or two. */
export function stateText({ state, phase }: Member): string {
  if (state === "elsewhere") return "taken by another worker";
  if (state !== "running") return state;
  return phase ? `${phase.name} ${Math.floor(100 * phase.share)} %` : "starting";
}

/**
 * Counts the members by state, and estimates the time for those that are waiting from those that
 * are finished.
 */
export function countLine(members: readonly Member[]): string {
  const count = (state: Member["state"]) =>
    members.filter((member) => member.state === state).length;
  const parts = [`${count("finished")} of ${members.length} finished`];
  if (count("elsewhere")) parts.push(`${count("elsewhere")} taken by other workers`);
  if (count("failed")) parts.push(`${count("failed")} failed`);
  const done = members.filter(({ state, seconds }) => state === "finished" && seconds > 1);
  const waiting = count("waiting");
  if (done.length > 0 && waiting > 0) {
    const mean = done.reduce((sum, { seconds }) => sum + seconds, 0) / done.length;
    parts.push(`${waiting} waiting: about ${formatDuration(mean * waiting)} for this worker alone`);
  } else if (waiting > 0) parts.push(`${waiting} waiting`);
  return parts.join(", ");
}

/**
 * The table in at most `maxLines` lines. If there are more members, it shows those around the
 * running one.
 */
export function tableLines(members: readonly Member[], maxLines = Infinity): string[] {
  const room = Math.max(1, maxLines - 2);
  const running = Math.max(0, members.findIndex(({ state }) => state === "running"));
  const first = members.length <= room
    ? 0
    : Math.min(Math.max(0, running - Math.floor(room / 2)), members.length - room);
  const cells = members.map((member) => [
    member.name,
    stateText(member),
    member.loss === null ? "" : member.loss.toFixed(4),
    member.secondsLeft === null ? "" : formatDuration(member.secondsLeft),
  ]);
  const [head = "", ...lines] = inColumns([["member", "state", "loss", "time left"], ...cells]);
  return [head, ...lines.slice(first, first + room), countLine(members)];
}
