/**
 * `deno task bench`: trains and applies the variants, ours beside the PyTorch peer, and prints a
 * Markdown table. The two take turns, round after round, so that a machine that slows down or
 * speeds up favours neither.
 */
import { parseArgs } from "@std/cli/parse-args";
import { fromFileUrl } from "@std/path";
import { heedSignals } from "../cli/signals.ts";
import { UserError } from "../errors.ts";
import { type Row, type Runner, type Speed, speedTable } from "./table.ts";

const help = `deno task bench [options]

  --variants ABCD       which architectures
  --batch 16            images in a batch
  --rounds 3            how often the runners take turns
  --repeats 5           timed calls a turn, of which the best counts
  --threads 2           for TensorFlow and PyTorch alike
  --engine tensorflow   or webgpu, cpu, auto
  --device cpu          or cuda: the peer's
  --no-compile          leave torch.compile out
  --no-peer             leave PyTorch out

The environment variable PYTHON names a Python that has torch, numpy and scipy; else it is python3.`;

/** The options as they are given. */
interface Options {
  variants: string;
  batch: string;
  rounds: string;
  repeats: string;
  threads: string;
  engine: string;
  device: string;
  compile: boolean;
  peer: boolean;
  help: boolean;
}

const getPeer =
  "To get it: python3 -m pip install torch numpy scipy, or name a Python that has them by PYTHON.";

heedSignals();
try {
  await main();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}

async function main(): Promise<void> {
  const options: Options = parseArgs(Deno.args, {
    boolean: ["compile", "peer", "help"],
    string: ["variants", "batch", "rounds", "repeats", "threads", "engine", "device"],
    negatable: ["compile", "peer"],
    default: {
      variants: "ABCD",
      batch: "16",
      rounds: "3",
      repeats: "5",
      threads: "2",
      engine: "tensorflow",
      device: "cpu",
      compile: true,
      peer: true,
    },
    unknown: (argument: string) => {
      throw new UserError(`${argument} is no option of the benchmark; --help lists them`);
    },
  });
  if (options.help) return console.log(help);
  if (!/^[ABCD]+$/.test(options.variants)) {
    throw new UserError(`--variants must be letters of A, B, C, D, not ${options.variants}`);
  }
  const count = (name: "batch" | "rounds" | "repeats" | "threads"): string => {
    if (!/^[1-9]\d*$/.test(options[name])) {
      throw new UserError(`--${name} must be a whole number from 1, not ${options[name]}`);
    }
    return options[name];
  };
  const shared = [
    "--batch",
    count("batch"),
    "--threads",
    count("threads"),
    "--repeats",
    count("repeats"),
  ];
  const rounds = Number(count("rounds"));
  const python = Deno.env.get("PYTHON") || "python3";
  const torch = options.peer ? await torchVersion(python) : null;
  if (options.peer && !torch) {
    console.error(`${python} has no torch, so that ours alone is timed. ${getPeer}\n`);
  }

  const runners: Runner[] = ["ours", ...(torch ? ["eager" as const] : [])];
  if (torch && options.compile) runners.push("compile");
  let engine = options.engine;
  const time = async (runner: Runner, variant: string): Promise<Speed> => {
    if (runner === "ours") {
      const args = ["--variant", variant, "--engine", options.engine, ...shared];
      const line = await jsonLine(Deno.execPath(), ["run", "-A", path("ours.ts"), ...args]);
      engine = line.engine as string;
      return line as unknown as Speed;
    }
    const args = ["--variants", variant, "--device", options.device, ...shared];
    if (runner === "compile") args.push("--compile");
    const line = await jsonLine(python, [path("bench.py"), ...args]);
    return { train: line.train_img_s as number, forward: line.forward_img_s as number };
  };

  const loadBefore = load();
  const rows: Row[] = [];
  for (const variant of new Set(options.variants)) {
    const speeds: Record<Runner, Speed[]> = { ours: [], eager: [], compile: [] };
    for (let round = 1; round <= rounds; round++) {
      for (const runner of runners) {
        const speed = await time(runner, variant);
        speeds[runner].push(speed);
        const figures = `training ${speed.train.toFixed(1)}, forward ${
          speed.forward.toFixed(1)
        } images/s`;
        console.error(`${variant}, round ${round}, ${runner}: ${figures}`);
      }
    }
    rows.push({ variant, speeds });
  }
  console.log(`${speedTable(rows)}

Images a second, best (median) of ${rounds} rounds, batch ${options.batch} of 3x32x32, ${options.threads} threads; x: goal missed.
${cpuName()}; ${engine}; Deno ${Deno.version.deno}${
    torch ? `; PyTorch ${torch} (${options.device})` : ""
  }.
Load average of the machine: ${loadBefore} before, ${load()} after.`);
}

function path(file: string): string {
  return fromFileUrl(new URL(file, import.meta.url));
}

function load(): string {
  return Deno.loadavg()[0]!.toFixed(1);
}

/** The version of a Python's torch, or null where there is none. */
async function torchVersion(python: string): Promise<string | null> {
  const script = "import numpy, scipy, torch; print(torch.__version__)";
  try {
    const { success, stdout } = await new Deno.Command(python, {
      args: ["-c", script],
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The JSON in the last line that a program prints. */
async function jsonLine(program: string, args: string[]): Promise<Record<string, unknown>> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) {
    throw new UserError(
      `${program} ${args.join(" ")} failed:\n${new TextDecoder().decode(stderr).trim()}`,
    );
  }
  return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
}

function cpuName(): string {
  try {
    const name = /model name\s*:\s*(.+)/.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
    if (name) return `${name}, ${navigator.hardwareConcurrency} cores`;
  } catch {
    // Not Linux: the architecture must do.
  }
  return `${Deno.build.arch}, ${navigator.hardwareConcurrency} cores`;
}
