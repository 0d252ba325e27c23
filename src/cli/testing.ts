/** For tests of whole runs in their own processes: a spec that takes seconds, and helpers. */
import { fromFileUrl, join } from "@std/path";

/** Why tests of whole runs are ignored; "" if they are not. */
export const ignoreRuns =
  (["read", "write", "run", "env", "ffi"] as const).some((name) =>
      Deno.permissions.querySync({ name }).state !== "granted"
    )
    ? "needs --allow-all"
    : "";

/**
 * A spec with the smallest network and dataset, and ten steps. After six of them there is a preview,
 * and so a checkpoint.
 */
export const tinySpec = `# a tiny run
architecture: A
dataset: mnist
imageSize: 8
baseWidth: 4
data: { limit: 16 }
training:
  images: 80
  batchSize: 8
  emaDecay: 0.9
  previewEveryEpochs: 3
  previewSampler: published
sampling: { steps: 4, count: 4, batchSize: 2, rotation: [0, 45] }
evaluation: { metrics: [] }
`;

const program = fromFileUrl(new URL("main.ts", import.meta.url));

/** The shell command for a verb; `preload` names modules that are loaded before it. */
export function commandLine(args: readonly string[], preload: readonly string[] = []): string[] {
  return [
    Deno.execPath(),
    "run",
    "-A",
    "--no-lock",
    ...preload.flatMap((path) => ["--preload", path]),
    program,
    ...args,
  ];
}

/** A process of the command line. */
export interface Command {
  readonly pid: number;
  /** The exit code, the signal that ended it, and the output. */
  result: Promise<{ code: number; signal: Deno.Signal | null; out: string; err: string }>;
  /** Waits until stderr contains a text; false if the process ended without it. */
  prints(text: string): Promise<boolean>;
  kill(signal: Deno.Signal): void;
}

/** Starts a verb in a folder; `preload` names modules that are loaded before it. */
export function command(
  cwd: string,
  args: string[],
  env: Record<string, string> = {},
  preload: string[] = [],
): Command {
  return start(cwd, commandLine(args, preload), env);
}

/** Starts a program with arguments. */
export function start(
  cwd: string,
  [program = "", ...rest]: readonly string[],
  env: Record<string, string> = {},
): Command {
  const process = new Deno.Command(program, {
    args: rest,
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let err = "";
  let ended = false;
  const waiting = new Set<() => void>();
  const reading = (async () => {
    for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
      err += text;
      waiting.forEach((wake) => wake());
    }
    ended = true;
    waiting.forEach((wake) => wake());
  })();
  const result = (async () => {
    const out = await new Response(process.stdout).text();
    await reading;
    const { code, signal } = await process.status;
    return { code, signal, out, err };
  })();
  return {
    pid: process.pid,
    result,
    prints: (text) =>
      new Promise((resolve) => {
        const wake = () => {
          if (!err.includes(text) && !ended) return;
          waiting.delete(wake);
          resolve(err.includes(text));
        };
        waiting.add(wake);
        wake();
      }),
    kill(signal) {
      try {
        process.kill(signal);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // The process has already ended.
      }
    },
  };
}

/** The bundle that a finished run printed. */
export function bundleOf(out: string): { path: string; digest: string } {
  const [, path, digest] =
    out.match(/^bundle: +(.*)\ndigest: +([0-9a-f]{64})\nopen first: +.+\n(?:draw with: +.+\n)?$/) ??
      [];
  if (path === undefined || digest === undefined) {
    throw new Error(`no bundle in: ${JSON.stringify(out)}`);
  }
  return { path, digest };
}

/** Runs a function with a temporary folder that contains the spec as tiny.yaml. */
export async function withFolder(
  fn: (folder: string) => Promise<void>,
  spec = tinySpec,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "run-" });
  try {
    await Deno.writeTextFile(join(folder, "tiny.yaml"), spec);
    await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const project = fromFileUrl(new URL("../../", import.meta.url));

/**
 * Runs a verb that may only read the project and one folder, and write to another folder.
 *
 * @param reads the folder to read, which is also the current folder
 * @param writes the folder to write to; null for verbs that write nothing
 * @returns its output
 */
export async function confined(
  args: string[],
  reads: string,
  writes: string | null,
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-lock",
      "--no-prompt",
      `--allow-read=${[project, reads, writes ?? reads].join()}`,
      ...(writes === null ? [] : [`--allow-write=${writes}`]),
      program,
      ...args,
    ],
    cwd: reads,
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  if (code !== 0) throw new Error(`exit code ${code} of ${args.join(" ")}: ${output}`);
  return output;
}
