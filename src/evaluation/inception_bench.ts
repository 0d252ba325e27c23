/**
 * Inception features a second, ours beside torch-fidelity's in the same run, a batch of each in turn:
 *
 *   deno run -A src/evaluation/inception_bench.ts [THREADS]
 *
 * PYTHON names a Python with torch and torch-fidelity (default python3).
 */
import process from "node:process";
import { fromFileUrl } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { openEngine } from "../engines/mod.ts";
import { float32Tensor } from "../formats/tensors.ts";
import { formulaWeights, goldenCase } from "../golden/golden.ts";
import { buildInception } from "./inception.ts";

const threads = Number(Deno.args[0] ?? navigator.hardwareConcurrency), rounds = 5, ourBatch = 16, peerBatch = 16;
const engine = await openEngine("tensorflow", { threads });
const state: [string, number[]][] = goldenCase("inception").values.state;
const inception = buildInception(
  new Map(state.map(([name, shape], p) => [name, float32Tensor(shape, formulaWeights(p, name, shape))])),
);
const jitted = engine.jit((images) => inception.apply(images as tf.Tensor4D));
const images = tf.randomUniform([ourBatch, 32, 32, 3], 0, 255);

async function ours(): Promise<[wall: number, cpu: number]> {
  const start = performance.now(), before = process.cpuUsage();
  const outputs = jitted(images);
  await outputs[0]!.data();
  const { user, system } = process.cpuUsage(before);
  tf.dispose(outputs);
  return [(performance.now() - start) / 1000, (user + system) / 1e6];
}

const peer = new Deno.Command(Deno.env.get("PYTHON") ?? "python3", {
  args: [fromFileUrl(new URL("inception_bench.py", import.meta.url)), `${threads}`, `${peerBatch}`],
  stdin: "piped",
  stdout: "piped",
}).spawn();
const input = peer.stdin.getWriter(), lines = peer.stdout.pipeThrough(new TextDecoderStream()).getReader();
let buffered = "";
async function readLine(): Promise<string> {
  while (!buffered.includes("\n")) {
    const { value, done } = await lines.read();
    if (done) throw new Error("the peer ended; has its Python torch and torch-fidelity?");
    buffered += value;
  }
  const at = buffered.indexOf("\n"), line = buffered.slice(0, at);
  buffered = buffered.slice(at + 1);
  return line;
}
async function theirs(): Promise<[wall: number, cpu: number]> {
  await input.write(new TextEncoder().encode("go\n"));
  const [wall, cpu] = (await readLine()).split(" ").map(Number);
  return [wall!, cpu!];
}

await readLine();
await ours();
const found = { ours: [] as [number, number][], theirs: [] as [number, number][] };
for (let round = 0; round < rounds; round++) {
  found.ours.push(await ours());
  found.theirs.push(await theirs());
}
await input.close();
const best = (times: [number, number][], i: 0 | 1, batch: number) => batch / Math.min(...times.map((time) => time[i]));
for (const [i, what] of [[0, "images a second"], [1, "images a second of CPU time"]] as const) {
  const own = best(found.ours, i, ourBatch), peers = best(found.theirs, i, peerBatch);
  console.log(`${what}: ${own.toFixed(2)}, torch-fidelity ${peers.toFixed(2)}: ${(own / peers).toFixed(2)} times`);
}
jitted.dispose();
inception.dispose();
engine.dispose();
