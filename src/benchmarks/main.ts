/**
 * `deno task bench`: trains and applies the variants, or draws images with them, ours beside the
 * PyTorch peer, and prints Markdown tables. The two take turns, round after round, so that a machine
 * that slows down or speeds up favours neither.
 */
import { parseArgs } from "@std/cli/parse-args";
import { handleSignals } from "../cli/signals.ts";
import { UserError } from "../messages/errors.ts";
import { type Asked, openPeer, timeRunner } from "./runners.ts";
import { type Row, type Runner, samplingTable, type Speed, speedTable } from "./table.ts";

const help = `deno task bench [options]

  --sampling            draw images (some of their steps are timed) in place of training; DDIM too
  --variants ABCD       which architectures (AD with --sampling)
  --precision float32   or bfloat16: then ours in float32 is timed as well, and the peer's autocast
  --size 32             pixels a side, a multiple of 8
  --batch 16            images in a batch (64 with --sampling)
  --rounds 3            how often the runners take turns
  --repeats 5           timed calls a turn, of which the best counts
  --threads 2           for TensorFlow and PyTorch alike
  --engine tensorflow   or webgpu, cpu, auto
  --device cpu          or cuda: the peer's
  --no-compile          leave torch.compile out
  --no-peer             leave PyTorch out

The environment variable PYTHON names a Python that has torch, numpy and scipy; else it is python3.`;

const getPeer =
  "To get it: python3 -m pip install torch numpy scipy, or name a Python that has them by PYTHON.";

/** The options as they are given. */
interface Options extends Asked {
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

/** The options; null where help is asked for. */
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
      throw new UserError(`${argument} is no option of the benchmark; --help lists them`);
    },
  });
  if (given.help) return null;
  const variants = given.variants ?? (given.sampling ? "AD" : "ABCD");
  if (!/^[ABCD]+$/.test(variants)) {
    throw new UserError(`--variants must be letters of A, B, C, D, not ${variants}`);
  }
  const precision = given.precision ?? "float32";
  if (precision !== "float32" && precision !== "bfloat16") {
    throw new UserError(`--precision must be float32 or bfloat16, not ${precision}`);
  }
  const count = (name: "size" | "batch" | "rounds" | "repeats" | "threads", usual: number) => {
    const said = given[name] ?? String(usual);
    if (!/^[1-9]\d*$/.test(said)) {
      throw new UserError(`--${name} must be a whole number from 1, not ${said}`);
    }
    return Number(said);
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
    console.error(`there is no Python with torch, so that ours alone is timed. ${getPeer}\n`);
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

Images a second, best (median) of ${rounds} rounds, batch ${options.batch} of ` +
      `3x${options.size}x${options.size}, ${precision}, ${options.threads} threads; x: goal missed.
${cpuName()}; ${[...engines].join("; ")}; Deno ${Deno.version.deno}${
        peer ? `; PyTorch ${peer.version} (${options.device})` : ""
      }.
Load average of the machine: ${loadBefore} before, ${load()} after.

Images a second of processor time, which what else runs on the machine changes less:

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
    // Not Linux: the architecture must do.
  }
  return `${Deno.build.arch}, ${navigator.hardwareConcurrency} cores`;
}
