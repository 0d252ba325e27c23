/**
 * Signals that stop a process: Ctrl-C, a closing terminal, a scheduler or a container. Work that can
 * be saved is saved first (see `stoppable`); everything else stops at once.
 */
import { printError } from "../messages/terminal.ts";

/** The exit codes, as shells define them; 75 (`EX_TEMPFAIL`) asks to be started again. */
const exitCodes = { SIGINT: 130, SIGHUP: 130, SIGTERM: 143, SIGUSR1: 75 } as const;

/** A signal that asks a process to stop. */
export type StopSignal = keyof typeof exitCodes;

/** The exit code of a process that a signal stopped. */
export function exitCodeOf(signal: StopSignal): number {
  return exitCodes[signal];
}

/** The message once everything is saved. */
export function savedMessage(signal: StopSignal): string {
  return signal === "SIGUSR1"
    ? "stopped; progress is saved: start again to resume"
    : "stopped; progress is saved: the same command resumes";
}

/** Shells, tasks and schedulers forward signals that the process received itself: one signal. */
const repeatWindowMs = 1000;

const state: { first: { signal: StopSignal; ms: number } | null; stop: (() => void) | null } = {
  first: null,
  stop: null,
};

function receive(signal: StopSignal): void {
  const { first, stop } = state;
  if (first === null) {
    state.first = { signal, ms: performance.now() };
    if (stop !== null) return stop();
    if (signal === "SIGUSR1") printError("stopped before there was anything to save: start again");
    Deno.exit(exitCodes[signal]);
  }
  // Only a user at a terminal insists. A scheduler's SIGTERM after its warning must not interrupt
  // the saving.
  if (signal === "SIGINT" && performance.now() - first.ms > repeatWindowMs) {
    Deno.exit(exitCodes[first.signal]);
  }
}

/** A registered stop callback; disposing of it removes the callback. */
export interface StopHandler extends Disposable {
  /** The signal that was received; null if there was none. */
  readonly received: StopSignal | null;
}

/** Calls `stop` once, at the first signal. There is one callback at a time. */
export function onStopSignal(stop: () => void): StopHandler {
  state.stop = stop;
  return {
    get received() {
      return state.first?.signal ?? null;
    },
    [Symbol.dispose]: () => void (state.stop = null),
  };
}

/**
 * Starts to handle signals, for the whole process. Call it before anything else is loaded, because
 * after half a second Deno forgets that SIGHUP was ignored.
 */
export function handleSignals(): void {
  if (Deno.build.os === "windows") {
    Deno.addSignalListener("SIGINT", () => receive("SIGINT"));
    return;
  }
  const ignored = isHangUpIgnored();
  // Deno's own listeners exit at SIGHUP, even under `nohup`; one of ours prevents that.
  Deno.addSignalListener("SIGHUP", ignored ? () => {} : () => receive("SIGHUP"));
  Deno.addSignalListener("SIGINT", () => receive("SIGINT"));
  Deno.addSignalListener("SIGTERM", () => receive("SIGTERM"));
  listenForUser1(() => receive("SIGUSR1"));
}

/**
 * Whether the process should outlive its terminal, as under `nohup`. Parents may forget that, too:
 * Node.js (`npx`) resets all signals. `nohup` is therefore also recognised by its traces: the
 * shell's variable `_` with the command's name, and a standard input that is only open for writing.
 */
function isHangUpIgnored(): boolean {
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
    return false; // No /proc, or no permission to read it.
  }
}

/**
 * Listens for SIGUSR1 without Deno, which from version 2.9.2 on opens its debugger's port at that
 * signal, even if others listen (denoland/deno#35738). The handler becomes libc's own `alarm`, which
 * is safe to call in a handler: SIGUSR1 then sets an alarm of as many seconds as its number. Five
 * times a second we check for an alarm, which nobody else sets. If the process is too busy to check,
 * the alarm rings as SIGALRM.
 */
function listenForUser1(onSignal: () => void): void {
  Deno.addSignalListener("SIGUSR1", onSignal);
  const number = { linux: 10, darwin: 30 }[Deno.build.os as string];
  if (number === undefined) return;
  try {
    const libc = Deno.dlopen(Deno.build.os === "darwin" ? "libSystem.dylib" : "libc.so.6", {
      signal: { parameters: ["i32", "pointer"], result: "pointer" },
      alarm: { parameters: ["u32"], result: "u32" },
      alarmAddress: { name: "alarm", type: "pointer" },
    });
    Deno.addSignalListener("SIGALRM", onSignal);
    libc.symbols.signal(number, libc.symbols.alarmAddress);
    const poll = setInterval(() => {
      if (libc.symbols.alarm(0) > 0) onSignal();
    }, 200);
    Deno.unrefTimer(poll);
  } catch {
    // Without permission for libraries, or with another libc, Deno's debugger opens its port.
  }
}
