/**
 * A sweep's members as a live table on a terminal; where there is none, plain lines take its place.
 */
import { inColumns } from "../formats/columns.ts";
import type { Progress } from "../messages/progress.ts";
import type { Member } from "../runner/sweep.ts";
import { draw, terminalSize, visible } from "../messages/terminal.ts";
import { formatDuration } from "../messages/duration.ts";
import { createProgress } from "./progress.ts";

/** How a sweep is shown. */
export interface SweepDisplay {
  /** What the members' runs say. */
  progress: Progress;
  /** Shows that something changed. */
  change(member: Member, members: readonly Member[]): void;
  /** Takes the live table away. */
  clear(): void;
}

/** How it is shown; all but `quiet` is for tests. */
export interface SweepDisplayOptions {
  /** Show nothing. */
  quiet?: boolean;
  /** Takes what is shown. */
  write?: (text: string) => void;
  /** Whether lines can be redrawn. */
  terminal?: boolean;
  /** The terminal's size at this moment. */
  size?: () => { columns: number; rows: number };
  /** The time in milliseconds. */
  now?: () => number;
}

const redrawMs = 200;

/** Makes a display on stderr. */
export function sweepDisplay(options: SweepDisplayOptions = {}): SweepDisplay {
  const { write = draw, now = () => performance.now(), size = terminalSize } = options;
  const terminal = options.terminal ?? Deno.stderr.isTerminal();
  if (options.quiet) return { progress: createProgress({ quiet: true }), change() {}, clear() {} };
  return terminal ? liveDisplay(write, now, size) : plainDisplay(write, now);
}

/** A line for each change of a member's state, and the progress of the one at work. */
function plainDisplay(write: (text: string) => void, now: () => number): SweepDisplay {
  const progress = createProgress({ write, terminal: false, now });
  const told = new Map<Member, string>();
  return {
    progress,
    change(member, members) {
      if (member.state === told.get(member)) return;
      told.set(member, member.state);
      const words = member.state === "elsewhere" ? member.reason : stateText(member);
      const bundle = member.bundle ? `, ${member.bundle}` : "";
      if (member.state !== "running") progress.message(`${member.name}: ${words}${bundle}`);
      if (["finished", "failed"].includes(member.state)) progress.message(countLine(members));
    },
    clear() {},
  };
}

/** A table that is drawn over itself. */
function liveDisplay(
  write: (text: string) => void,
  now: () => number,
  size: () => { columns: number; rows: number },
): SweepDisplay {
  const shown = { lines: 0, ms: -Infinity, states: "" };
  let present: readonly Member[] = [];
  // Up over the old table, and everything below is erased.
  const erase = () => shown.lines > 0 ? `\x1b[${shown.lines}A\x1b[J` : "";
  function show() {
    const { columns, rows } = size();
    const lines = tableLines(present, rows - 2).map((line) => line.slice(0, columns - 1));
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
        if (present.length) show();
      },
    },
    change(_member, members) {
      present = members;
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

/** What a member is at, in a word or two. */
export function stateText({ state, phase }: Member): string {
  if (state === "elsewhere") return "another worker's";
  if (state !== "running") return state;
  return phase ? `${phase.name} ${Math.floor(100 * phase.share)} %` : "starting";
}

/**
 * How many are finished, at work, failed; and how long the rest may take, when a finished one
 * tells.
 */
export function countLine(members: readonly Member[]): string {
  const count = (state: Member["state"]) =>
    members.filter((member) => member.state === state).length;
  const parts = [`${count("finished")} of ${members.length} finished`];
  if (count("elsewhere")) parts.push(`${count("elsewhere")} with other workers`);
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
 * The table, of so many lines at most: the rows around the one at work where there is no room for
 * all.
 */
export function tableLines(members: readonly Member[], most = Infinity): string[] {
  const room = Math.max(1, most - 2);
  const at = Math.max(0, members.findIndex(({ state }) => state === "running"));
  const first = members.length <= room
    ? 0
    : Math.min(Math.max(0, at - Math.floor(room / 2)), members.length - room);
  const cells = members.map((member) => [
    member.name,
    stateText(member),
    member.loss === null ? "" : member.loss.toFixed(4),
    member.secondsLeft === null ? "" : formatDuration(member.secondsLeft),
  ]);
  const [head = "", ...lines] = inColumns([["member", "state", "loss", "time left"], ...cells]);
  return [head, ...lines.slice(first, first + room), countLine(members)];
}
