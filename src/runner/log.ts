/**
 * What a run says, written down with the time; a run that goes on after a stop goes on in the same
 * file.
 */
import { openAppend, writeAll } from "../files/create.ts";
import type { Progress } from "../messages/progress.ts";

/** A log in the making. */
export interface Log {
  /** Tells the person, and writes down. */
  progress: Progress;
  /** Begins to write into a file, behind what it holds, with what was said so far. */
  keepIn(path: string): void;
  /** All that was said, the earlier starts of the run included. */
  text(): string;
}

/** Starts a log in front of a reporter. */
export function startLog(progress: Progress): Log {
  let file: string | null = null;
  let waiting = "";
  const write = (words: string) => {
    const line = `${new Date().toISOString()} ${words}\n`;
    if (file === null) waiting += line;
    else append(file, line);
  };
  return {
    progress: {
      phase(name, total, unit) {
        write(`${name}: ${total} ${unit}`);
        progress.phase(name, total, unit);
      },
      update: (done, fields, overhead) => progress.update(done, fields, overhead),
      message(text) {
        write(text);
        progress.message(text);
      },
      done: () => progress.done(),
    },
    keepIn(path) {
      append(path, waiting);
      [file, waiting] = [path, ""];
    },
    text: () => file === null ? waiting : Deno.readTextFileSync(file),
  };
}

function append(path: string, text: string): void {
  using file = openAppend(path);
  writeAll(file, new TextEncoder().encode(text));
}
