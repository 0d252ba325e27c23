/**
 * What may end a process from outside: Ctrl-C, a terminal that closes, a scheduler or a container.
 * Work that can be saved is saved first (see `stoppable`); everything else ends at once.
 */
import { printBeside } from "../messages/terminal.ts";

/** The exit codes: as shells have them; 75 (`EX_TEMPFAIL`) asks to be started again. */
const exitCodes = { SIGINT: 130, SIGHUP: 130, SIGTERM: 143, SIGUSR1: 75 } as const;

/** A signal that asks a process to stop. */
export type StopSignal = keyof typeof exitCodes;

/** The exit code of a process that a signal stopped. */
export function exitCodeOf(signal: StopSignal): number {
  return exitCodes[signal];
}

/** What a person or a script is told when all is saved. */
export function savedWords(signal: StopSignal): string {
  return signal === "SIGUSR1"
    ? "stopped; what was reached is saved: start again, and it goes on there"
    : "stopped; what was reached is saved, and the same command goes on there";
}

/** Shells, tasks and schedulers pass on what the process has heard itself: that is one signal. */
const sameWithinMs = 1000;

const state: { first: { signal: StopSignal; ms: number } | null; stop: (() => void) | null } = {
  first: null,
  stop: null,
};

function heard(signal: StopSignal): void {
  const { first, stop } = state;
  if (first === null) {
    state.first = { signal, ms: performance.now() };
    if (stop !== null) return stop();
    if (signal === "SIGUSR1") printBeside("stopped before there was anything to save: start again");
    Deno.exit(exitCodes[signal]);
  }
  // Only a person at a terminal asks twice; a scheduler's SIGTERM after its warning must not cost
  // what is being saved.
  if (signal === "SIGINT" && performance.now() - first.ms > sameWithinMs) {
    Deno.exit(exitCodes[first.signal]);
  }
}

/** Who saves when the process is to stop; one at a time. */
export interface Saving extends Disposable {
  /** The signal that came; null as long as none did. */
  readonly came: StopSignal | null;
}

/** Has `stop` called, once, when a signal comes; until it is disposed of. */
export function onStopSignal(stop: () => void): Saving {
  state.stop = stop;
  return {
    get came() {
      return state.first?.signal ?? null;
    },
    [Symbol.dispose]: () => void (state.stop = null),
  };
}

/**
 * Begins to heed signals, for the whole process; called before anything else is loaded, for Deno
 * forgets after half a second that SIGHUP was to be ignored.
 */
export function heedSignals(): void {
  if (Deno.build.os === "windows") return Deno.addSignalListener("SIGINT", () => heard("SIGINT"));
  const ignored = hangUpIgnored();
  // Deno's own listeners end the process by SIGHUP, also under `nohup`; one of ours keeps it.
  Deno.addSignalListener("SIGHUP", ignored ? () => {} : () => heard("SIGHUP"));
  Deno.addSignalListener("SIGINT", () => heard("SIGINT"));
  Deno.addSignalListener("SIGTERM", () => heard("SIGTERM"));
  hearUser1(() => heard("SIGUSR1"));
}

/**
 * Whether the process was told to outlive its terminal, as by `nohup`. Its parents forget, too:
 * Node.js (`npx`) sets all signals back. So `nohup` is also known by what it leaves: the shell's
 * note of what it started, and an input that can only be written to.
 */
function hangUpIgnored(): boolean {
  try {
    if (/(^|\/)nohup$/.test(Deno.env.get("_") ?? "")) return true;
    if (Deno.build.os !== "linux") return false;
    const [, mask = "0"] = Deno.readTextFileSync("/proc/self/status").match(/^SigIgn:\s*(\S+)/m) ??
      [];
    if (BigInt(`0x${mask}`) & 1n) return true;
    const [, flags = "0"] =
      Deno.readTextFileSync("/proc/self/fdinfo/0").match(/^flags:\s*(\d+)/m) ??
        [];
    const writeOnly = (Number.parseInt(flags, 8) & 3) === 1;
    return writeOnly && Deno.readLinkSync("/proc/self/fd/0") === "/dev/null";
  } catch {
    return false; // No /proc, or no permission for it.
  }
}

/**
 * Hears SIGUSR1 without Deno: from version 2.9.2 on it opens its debugger's port at that signal,
 * whoever else listens (denoland/deno#35738). So the handler becomes libc's own `alarm`, which a
 * handler may call: SIGUSR1 sets an alarm of as many seconds as its number, and an alarm that
 * nobody else sets is looked for five times a second, or rings where nobody could look.
 */
function hearUser1(heard: () => void): void {
  Deno.addSignalListener("SIGUSR1", heard);
  const number = { linux: 10, darwin: 30 }[Deno.build.os as string];
  if (number === undefined) return;
  try {
    const libc = Deno.dlopen(Deno.build.os === "darwin" ? "libSystem.dylib" : "libc.so.6", {
      signal: { parameters: ["i32", "pointer"], result: "pointer" },
      alarm: { parameters: ["u32"], result: "u32" },
      alarmAddress: { name: "alarm", type: "pointer" },
    });
    Deno.addSignalListener("SIGALRM", heard);
    libc.symbols.signal(number, libc.symbols.alarmAddress);
    const look = setInterval(() => {
      if (libc.symbols.alarm(0) > 0) heard();
    }, 200);
    Deno.unrefTimer(look);
  } catch {
    // Without the permission for libraries, or with another libc, Deno's debugger is put up with.
  }
}
