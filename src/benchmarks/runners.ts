/** Who is timed, each in a process of its own. */
import { fromFileUrl } from "@std/path";
import { UserError } from "../messages/errors.ts";
import type { Runner, Speed } from "./table.ts";

/** What of the options a runner is told. */
export interface Asked {
  what: "training" | "sampling";
  precision: "float32" | "bfloat16";
  size: number;
  batch: number;
  repeats: number;
  threads: number;
  engine: string;
  device: string;
}

/** A Python that has what the peer needs. */
export interface Peer {
  python: string;
  /** Of its torch. */
  version: string;
}

/** What a runner's process prints: images a second, of time and of processor time. */
interface Line {
  images: Speed["images"];
  peakBytes?: number | null;
  engine?: string;
}

/** Runs one turn of a runner and gives its figures. */
export async function timeRunner(
  runner: Runner,
  variant: string,
  asked: Asked,
  peer: Peer | null,
): Promise<Line> {
  const { what, size, batch, repeats, threads, engine, device } = asked;
  const precision = runner === "float32" ? "float32" : asked.precision;
  const shared = Object.entries({ variant, precision, size, batch, threads, repeats })
    .flatMap(([name, value]) => [`--${name}`, String(value)]);
  switch (runner) {
    case "ours":
    case "float32": {
      const script = path(what === "training" ? "ours.ts" : "ours_sampling.ts");
      return await lineOf(Deno.execPath(), ["run", "-A", script, "--engine", engine, ...shared]);
    }
    case "eager":
    case "compile": {
      if (!peer) throw new Error(`${runner} needs PyTorch`);
      const script = path(what === "training" ? "bench.py" : "sample.py");
      const more = runner === "compile" ? ["--compile"] : [];
      return await lineOf(peer.python, [script, "--device", device, ...shared, ...more]);
    }
    default:
      return runner satisfies never;
  }
}

/** The Python that PYTHON names, or python3; null where it has no torch. */
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

/** The JSON in the last line that a program prints. */
async function lineOf(program: string, args: string[]): Promise<Line> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) {
    throw new UserError(
      `${program} ${args.join(" ")} failed:\n${new TextDecoder().decode(stderr).trim()}`,
    );
  }
  return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
}
