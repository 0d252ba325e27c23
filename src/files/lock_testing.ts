/** Processes that hold locks, and disks with a broken flock, for tests. */
import { fromFileUrl, join } from "@std/path";

const module = new URL("./lock.ts", import.meta.url).href;
const config = fromFileUrl(new URL("../../deno.json", import.meta.url));

/** A process that asked for a lock. It prints "held", or why it did not get it. */
export interface Asking {
  readonly pid: number;
  /** Its next line of output. */
  said(): Promise<string>;
  /** Asks whether it still holds the lock; the answer is "mine", or why not. */
  check(): Promise<string>;
  signal(signal: Deno.Signal): void;
  /** Kills it with kill -9. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Times short enough for tests. */
export const quick = { beatMs: 200, staleMs: 3_000 };

/** Starts a process that asks for a lock and holds it. */
export function ask(folder: string, path: string, env: Record<string, string> = {}): Asking {
  const script = join(folder, "holder.ts");
  Deno.writeTextFileSync(
    script,
    `import { acquireLock } from ${JSON.stringify(module)};
    let lock;
    try {
      lock = await acquireLock(${JSON.stringify(path)}, "this run", ${
      JSON.stringify({ timing: quick })
    });
      console.log("held");
    } catch (error) {
      console.log(error.message);
    }
    for await (const _ of Deno.stdin.readable) {
      try {
        lock.check();
        console.log("mine");
      } catch (error) {
        console.log(error.name, error.message);
      }
    }`,
  );
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", config, script],
    stdin: "piped",
    stdout: "piped",
    env,
  }).spawn();
  const reader = child.stdout.getReader();
  const writer = child.stdin.getWriter();
  const said = async () => {
    const { value } = await reader.read();
    return new TextDecoder().decode(value).trim();
  };
  return {
    pid: child.pid,
    said,
    async check() {
      await writer.write(Uint8Array.of(10));
      return await said();
    },
    signal: (signal) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
      await writer.close().catch(() => {});
    },
  };
}

/** The behaviour of flock on imitated disks. */
export const brokenFlocks = {
  "there is none": "errno = ENOSYS; return -1;",
  "it always succeeds": "return 0;",
} as const;

/**
 * Builds a library that replaces the system's flock, for LD_PRELOAD.
 *
 * @returns the environment variables of a process on such a disk
 */
export function flockEnvironment(folder: string, body: string): Record<string, string> {
  const source = join(folder, "flock.c");
  const library = join(folder, "flock.so");
  Deno.writeTextFileSync(
    source,
    `#include <errno.h>\nint flock(int fd, int operation) { ${body} }\n`,
  );
  const { success, stderr } = new Deno.Command("gcc", {
    args: ["-shared", "-fPIC", "-o", library, source],
  }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return { LD_PRELOAD: library };
}

/** Why tests with such disks are ignored; empty if they are not. */
export const ignoreShims = (() => {
  if (Deno.build.os !== "linux") return "needs Linux, for LD_PRELOAD";
  try {
    const { success } = new Deno.Command("gcc", { args: ["--version"], stdout: "null" })
      .outputSync();
    return success ? "" : "needs gcc";
  } catch {
    return "needs --allow-run and gcc";
  }
})();
