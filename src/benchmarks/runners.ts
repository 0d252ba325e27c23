/** Starts the runners that are timed, each in its own process. */
import { fromFileUrl } from "@std/path";
import { UserError } from "../messages/errors.ts";
import type { Runner, Speed } from "./table.ts";

/** The options that a runner receives. */
export interface RunnerOptions {
  what: "training" | "sampling";
  precision: "float32" | "bfloat16";
  size: number;
  batch: number;
  repeats: number;
  threads: number;
  engine: string;
  device: string;
}

/** A Python with PyTorch. */
export interface Peer {
  python: string;
  /** The version of torch. */
  version: string;
}

/** The JSON line that a runner prints. */
interface Line {
  images: Speed["images"];
  peakBytes?: number | null;
  engine?: string;
}

/** Runs one round of a runner and returns its figures. */
export async function timeRunner(
  runner: Runner,
  variant: string,
  options: RunnerOptions,
  peer: Peer | null,
): Promise<Line> {
  const { what, size, batch, repeats, threads, engine, device } = options;
  const precision = runner === "float32" ? "float32" : options.precision;
  const shared = Object.entries({ variant, precision, size, batch, threads, repeats })
    .flatMap(([name, value]) => [`--${name}`, String(value)]);
  switch (runner) {
    case "ours":
    case "float32": {
      const script = path(what === "training" ? "ours.ts" : "ours_sampling.ts");
      return await runForLine(Deno.execPath(), [
        "run",
        "-A",
        script,
        "--engine",
        engine,
        ...shared,
      ]);
    }
    case "eager":
    case "compile": {
      if (!peer) throw new Error(`${runner} needs PyTorch`);
      const script = path(what === "training" ? "bench.py" : "sample.py");
      const more = runner === "compile" ? ["--compile"] : [];
      return await runForLine(peer.python, [script, "--device", device, ...shared, ...more]);
    }
    default:
      return runner satisfies never;
  }
}

/** Finds the Python that PYTHON names, or python3. Returns null if it has no torch. */
export async function openPeer(): Promise<Peer | null> {
  const python = Deno.env.get("PYTHON") || "python3";
  const script = "import numpy, scipy, torch; print(torch.__version__)";
  try {
    const { success, stdout } = await new Deno.Command(python, {
      args: ["-c", script],
      stderr: "null",
    }).output();
    return success ? { python, version: new TextDecoder().decode(stdout).trim() } : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function path(file: string): string {
  return fromFileUrl(new URL(file, import.meta.url));
}

/** Runs a program and parses the last line of its output. */
async function runForLine(program: string, args: string[]): Promise<Line> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) {
    throw new UserError(
      `${program} ${args.join(" ")} failed:\n${new TextDecoder().decode(stderr).trim()}`,
    );
  }
  return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
}
