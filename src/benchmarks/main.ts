/**
 * `deno task bench`: trains and applies the variants, or draws images with them, in this project
 * and in PyTorch, and prints Markdown tables. The two alternate, so a machine that slows down or
 * speeds up favours neither.
 */
import { parseArgs } from "@std/cli/parse-args";
import { handleSignals } from "../cli/signals.ts";
import { UserError } from "../messages/errors.ts";
import { openPeer, type RunnerOptions, timeRunner } from "./runners.ts";
import { type Row, type Runner, samplingTable, type Speed, speedTable } from "./table.ts";

const help = `deno task bench [options]

  --sampling            time some steps of sampling instead of training; includes DDIM
  --variants ABCD       architectures (default with --sampling: AD)
  --precision float32   or bfloat16, which is compared with float32 and with PyTorch's autocast
  --size 32             pixels per side, a multiple of 8
  --batch 16            images per batch (default with --sampling: 64)
  --rounds 3            how often the runners alternate
  --repeats 5           timed calls per round, of which the best counts
  --threads 2           threads of both TensorFlow and PyTorch
  --engine tensorflow   or webgpu, cpu, auto
  --device cpu          or cuda: PyTorch's device
  --no-compile          without torch.compile
  --no-peer             without PyTorch

PYTHON names a Python with torch, numpy and scipy (default: python3).`;

const peerHint = "To compare with PyTorch, run python3 -m pip install torch numpy scipy, or set " +
  "PYTHON to a Python that has them.";

/** The options of the command line. */
interface Options extends RunnerOptions {
  variants: string;
  rounds: number;
  compile: boolean;
  peer: boolean;
}

handleSignals();
try {
  const options = readOptions(Deno.args);
  if (options) await main(options);
  else console.log(help);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}

/** Parses the options. Returns null for --help. */
function readOptions(args: string[]): Options | null {
  const given = parseArgs(args, {
    boolean: ["sampling", "compile", "peer", "help"],
    string: [
      ...["variants", "precision", "size", "batch", "rounds", "repeats", "threads", "engine"],
      "device",
    ],
    negatable: ["compile", "peer"],
    default: { compile: true, peer: true },
    unknown: (argument: string) => {
      throw new UserError(`unknown option ${argument}; --help lists the options`);
    },
  });
  if (given.help) return null;
  const variants = given.variants ?? (given.sampling ? "AD" : "ABCD");
  if (!/^[ABCD]+$/.test(variants)) {
    throw new UserError(`--variants must be letters from A to D, not ${variants}`);
  }
  const precision = given.precision ?? "float32";
  if (precision !== "float32" && precision !== "bfloat16") {
    throw new UserError(`--precision must be float32 or bfloat16, not ${precision}`);
  }
  const count = (name: "size" | "batch" | "rounds" | "repeats" | "threads", byDefault: number) => {
    const text = given[name] ?? String(byDefault);
    if (!/^[1-9]\d*$/.test(text)) {
      throw new UserError(`--${name} must be a positive integer, not ${text}`);
    }
    return Number(text);
  };
  return {
    what: given.sampling ? "sampling" : "training",
    variants,
    precision,
    size: count("size", 32),
    batch: count("batch", given.sampling ? 64 : 16),
    rounds: count("rounds", 3),
    repeats: count("repeats", 5),
    threads: count("threads", 2),
    engine: given.engine ?? "tensorflow",
    device: given.device ?? "cpu",
    compile: given.compile && !given.sampling,
    peer: given.peer,
  };
}

async function main(options: Options): Promise<void> {
  const { what, precision, rounds } = options;
  const peer = options.peer ? await openPeer() : null;
  if (options.peer && !peer) {
    console.error(`There is no Python with torch, so only this project is timed. ${peerHint}\n`);
  }
  const runners: Runner[] = [
    "ours",
    ...(precision === "float32" ? [] : ["float32" as const]),
    ...(peer ? ["eager" as const] : []),
    ...(peer && options.compile ? ["compile" as const] : []),
  ];
  const loadBefore = load();
  const engines = new Set<string>();
  const rows: Row[] = [];
  for (const variant of new Set(options.variants)) {
    const speeds: Record<Runner, Speed[]> = { ours: [], float32: [], eager: [], compile: [] };
    for (let round = 1; round <= rounds; round++) {
      for (const runner of runners) {
        const speed = await timeRunner(runner, variant, options, peer);
        if (speed.engine) engines.add(speed.engine);
        speeds[runner].push(speed);
        console.error(`${variant}, round ${round}, ${runner}: ${figures(speed)}`);
      }
    }
    rows.push({ variant, speeds });
  }
  const table = (of: "wall" | "cpu") =>
    what === "sampling" ? samplingTable(rows, of) : speedTable(rows, precision, of);
  console.log(
    `${table("wall")}

Images per second, best (median) of ${rounds} rounds, batch ${options.batch} of ` +
      `3x${options.size}x${options.size}, ${precision}, ${options.threads} threads; x: goal missed.
${cpuName()}; ${[...engines].join("; ")}; Deno ${Deno.version.deno}${
        peer ? `; PyTorch ${peer.version} (${options.device})` : ""
      }.
Load average of the machine: ${loadBefore} before, ${load()} after.

Images per second of CPU time, which depends less on what else the machine runs:

${table("cpu")}`,
  );
}

function figures({ images }: Speed): string {
  return Object.entries(images).map(([what, speed]) => `${what} ${speed.wall.toFixed(2)}`)
    .join(", ") + " images/s";
}

function load(): string {
  return Deno.loadavg()[0]!.toFixed(1);
}

function cpuName(): string {
  try {
    const name = /model name\s*:\s*(.+)/.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
    if (name) return `${name}, ${navigator.hardwareConcurrency} cores`;
  } catch {
    // Not Linux, so only the architecture is known.
  }
  return `${Deno.build.arch}, ${navigator.hardwareConcurrency} cores`;
}
