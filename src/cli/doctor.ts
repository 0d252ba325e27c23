/** `deno task doctor`: which engines work on this machine. */
import { UserError } from "../messages/errors.ts";
import type { EngineName } from "../engines/engine.ts";
import { print } from "../messages/terminal.ts";

/** What `--help` prints. */
export const help = `Check which engines work on this machine, with version and device, and say how
to get the others. Downloads and changes nothing.

Usage: deno task doctor`;

/** The result of checking one engine. */
export interface Finding {
  readonly engine: EngineName;
  readonly works: boolean;
  /** The engine's description, or why it does not work and what to do; may have several lines. */
  readonly text: string;
}

/** Checks each engine: opens it and computes something. */
export async function run(args: string[]): Promise<number> {
  if (args.length > 0) throw new UserError(`doctor takes no arguments; got ${args.join(" ")}`);
  const { os, arch } = Deno.build;
  print(`Deno ${Deno.version.deno} on ${os} ${arch}, ${navigator.hardwareConcurrency} cores`);
  for (const [engine, check] of checks) {
    const finding = await check().then(
      (text): Finding => ({ engine, works: true, text }),
      (error): Finding => ({
        engine,
        works: false,
        text: error instanceof Error ? error.message : String(error),
      }),
    );
    print(findingText(finding));
  }
  return 0;
}

/** A finding as lines for the terminal. */
export function findingText({ engine, works, text }: Finding): string {
  const [first, ...more] = text.split("\n");
  const head = `${engine.padEnd(10)}  ${works ? "works" : "does not work"}: ${first}`;
  return [head, ...more.map((line) => `  ${line}`)].join("\n");
}

/** The check of each engine: returns its description, or throws. */
const checks: readonly (readonly [EngineName, () => Promise<string>])[] = [
  ["tensorflow", async () => {
    const { findLibrary } = await import("../engines/tensorflow/library.ts");
    const library = await findLibrary({ download: false });
    const lines = [await compute("tensorflow"), library.directory, ...library.skipped];
    if (!library.gpu && await hasNvidiaGpu()) {
      lines.push(
        "This library does not use the NVIDIA GPU. To use it, unset TENSORFLOW_DIR (a run then",
        "downloads a library that does), or install",
        `python3 -m pip install "tensorflow[and-cuda]==${library.version ?? "2.21.0"}"`,
      );
    }
    return lines.join("\n");
  }],
  ["webgpu", async () => {
    const { probeWebGpu } = await import("../engines/webgpu/mod.ts");
    const probe = await probeWebGpu();
    if (!probe.available) throw new UserError(probe.reason ?? "WebGPU finds no GPU.");
    const description = await compute("webgpu");
    return probe.reason === null ? description : `${description}\n${probe.reason}`;
  }],
  ["wasm", async () => `${await compute("wasm")}: draws with trained models, cannot train`],
  ["cpu", async () => `${await compute("cpu")}: slow, for tests and tiny networks`],
];

async function hasNvidiaGpu(): Promise<boolean> {
  const { thisMachine } = await import("../engines/tensorflow/machine.ts");
  return (await thisMachine()).wheels?.gpu ?? false;
}

/** Opens an engine, multiplies two matrices, and returns the engine's description. */
async function compute(name: EngineName): Promise<string> {
  const { openEngine } = await import("../engines/mod.ts");
  const tf = await import("@tensorflow/tfjs");
  const engine = await openEngine(name, { softwareGpu: true });
  try {
    const a = tf.tensor2d([[1, 2], [3, 4]]);
    const product = a.matMul(a);
    const values = Array.from(await product.data());
    tf.dispose([a, product]);
    if (values.join() !== "7,10,15,22") {
      throw new Error(`it computes ${values.join(", ")} instead of 7, 10, 15, 22`);
    }
    return engine.description;
  } finally {
    engine.dispose();
  }
}
