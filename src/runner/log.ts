/** A run's log: its messages with the time. A resumed run appends to the same file. */
import { openAppend, writeAll } from "../files/create.ts";
import type { Progress } from "../messages/progress.ts";

/** A log that is being written. */
export interface Log {
  /** Passes progress on to the display, and writes messages down. */
  progress: Progress;
  /** Appends to a file from now on, starting with the messages so far. */
  writeTo(path: string): void;
  /** All messages, including those of earlier starts. */
  text(): string;
}

/** Starts a log that also passes progress on. */
export function startLog(progress: Progress): Log {
  let file: string | null = null;
  let waiting = "";
  const write = (text: string) => {
    const line = `${new Date().toISOString()} ${text}\n`;
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
    writeTo(path) {
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
