/**
 * Compares Inception features per second with torch-fidelity, alternating in the same run, over the
 * same 64 images of 32 pixels, in each side's own batches:
 *
 *   deno run -A src/evaluation/inception_bench.ts [THREADS] [PEER_BATCH]
 *
 * PEER_BATCH is 64 by default, as in torch-fidelity.
 *
 * Both use the formula weights of the golden cases, and before the first round their features must
 * agree. On a shared machine, compare with one thread: PyTorch's threads wait for one another after
 * each operation, so that with two threads the load of others slows it down much more than us.
 * PYTHON names a Python with torch, torch-fidelity and safetensors (default python3).
 */
import process from "node:process";
import { fromFileUrl, join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { rank4 } from "../../kernels/shared/ranks.ts";
import { openEngine } from "../engines/mod.ts";
import { readTensors, writeTensors } from "../formats/safetensors.ts";
import { float32Tensor, toFloat32 } from "../formats/tensors.ts";
import { assertClose, formulaUniform, formulaWeights, goldenCase } from "../golden/golden.ts";
import { buildInception } from "./inception.ts";
import { inceptionBatchSize } from "./inception_weights.ts";

const threads = Number(Deno.args[0] ?? navigator.hardwareConcurrency);
const rounds = 5;
const count = 64;
const ourBatch = inceptionBatchSize;
const peerBatch = Number(Deno.args[1] ?? 64);
/**
 * The allowed difference, for rounding. With these weights, images differ by at most 2e-5 in
 * features of up to 0.3.
 */
const tolerance = 1e-6;
const folder = Deno.makeTempDirSync();
const state: [string, number[]][] = goldenCase("inception").values.state;
const weights = new Map(
  state.map(([name, shape], p) => [name, float32Tensor(shape, formulaWeights(p, name, shape))]),
);
const shape: [number, number, number, number] = [count, 3, 32, 32];
const pixels = Uint8Array.from(
  formulaUniform(92, count * 3 * 32 * 32),
  (value) => (value + 1) * 127.99,
);
await writeTensors(join(folder, "weights.safetensors"), weights);
await writeTensors(
  join(folder, "images.safetensors"),
  new Map([["images", { dtype: "U8", shape, data: pixels }]]),
);

const engine = await openEngine("tensorflow", { threads });
const inception = buildInception(weights);
const jitted = engine.jit((images) => inception.apply(rank4(images)));
const batches = tf.tidy(() => {
  const images = tf.transpose(tf.tensor4d(Float32Array.from(pixels), shape), [0, 2, 3, 1]);
  return tf.split(images, count / ourBatch);
});

async function ours(): Promise<[wall: number, cpu: number]> {
  const start = performance.now();
  const before = process.cpuUsage();
  for (const images of batches) {
    const outputs = jitted(images);
    await outputs[0]!.data();
    tf.dispose(outputs);
  }
  const { user, system } = process.cpuUsage(before);
  return [(performance.now() - start) / 1000, (user + system) / 1e6];
}

const peer = new Deno.Command(Deno.env.get("PYTHON") ?? "python3", {
  args: [
    fromFileUrl(new URL("inception_bench.py", import.meta.url)),
    `${threads}`,
    `${peerBatch}`,
    folder,
  ],
  stdin: "piped",
  stdout: "piped",
}).spawn();
const input = peer.stdin.getWriter();
const lines = peer.stdout.pipeThrough(new TextDecoderStream()).getReader();
let buffered = "";
async function readLine(): Promise<string> {
  while (!buffered.includes("\n")) {
    const { value, done } = await lines.read();
    if (done) {
      throw new Error(
        "the peer ended; does its Python have torch, torch-fidelity and safetensors?",
      );
    }
    buffered += value;
  }
  const at = buffered.indexOf("\n");
  const line = buffered.slice(0, at);
  buffered = buffered.slice(at + 1);
  return line;
}
async function theirs(): Promise<[wall: number, cpu: number]> {
  await input.write(new TextEncoder().encode("go\n"));
  const [wall, cpu] = (await readLine()).split(" ").map(Number);
  return [wall!, cpu!];
}

/**
 * Compares features and logits. This also warms up our side; the peer has warmed up while writing
 * its own.
 */
async function assertAgree(): Promise<void> {
  const peers = await readTensors(join(folder, "outputs.safetensors"));
  const all = tf.tidy(() => {
    const parts = batches.map((images) => jitted(images));
    return [0, 1].map((output) => tf.concat(parts.map((part) => part[output]!)));
  });
  for (const [i, name] of ["features", "logits"].entries()) {
    const theirs = Float64Array.from(toFloat32(peers.get(name)!));
    const values = await all[i]!.data();
    assertClose(values, theirs, tolerance, `${name} beside torch-fidelity's`);
    const columns = theirs.length / count;
    const furthest = (shift: number) =>
      theirs.reduce(
        (largest, value, j) => Math.max(largest, Math.abs(value - (values[j + shift] ?? value))),
        0,
      );
    const [rounding, images] = [furthest(0), furthest(columns)].map((distance) =>
      distance.toExponential(1)
    );
    console.log(
      `${name} are within ${rounding} of torch-fidelity's; images differ by up to ${images}`,
    );
  }
  tf.dispose(all);
}

try {
  await readLine();
  await assertAgree();
  const found: Record<"ours" | "theirs", [wall: number, cpu: number][]> = { ours: [], theirs: [] };
  for (let round = 0; round < rounds; round++) {
    found.ours.push(await ours());
    found.theirs.push(await theirs());
  }
  const best = (times: [number, number][], i: 0 | 1) =>
    count / Math.min(...times.map((time) => time[i]));
  for (
    const [i, what] of [[0, "images per second"], [1, "images per second of CPU time"]] as const
  ) {
    const own = best(found.ours, i);
    const peers = best(found.theirs, i);
    console.log(
      `${what}: ${own.toFixed(2)}, torch-fidelity ${peers.toFixed(2)}: ${
        (own / peers).toFixed(2)
      } times`,
    );
  }
} finally {
  await input.close();
  Deno.removeSync(folder, { recursive: true });
}
tf.dispose(batches);
jitted.dispose();
inception.dispose();
engine.dispose();
