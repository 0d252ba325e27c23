/**
 * Measures what sampling adds to the network's own time: compares a run, without and with rotation,
 * with the same number of calls of the jitted network on the same batch. They alternate, so a
 * machine that changes its speed favours none.
 *
 *     deno run -A src/benchmarks/sampling.ts [--architecture D] [--size 32] [--batch 16]
 *       [--steps 20] [--rounds 5] [--sampler ancestral] [--engine tensorflow]
 */
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import { parseArgs } from "@std/cli/parse-args";
import { rank1, rank4 } from "../../kernels/shared/ranks.ts";
import { createSampler, noiseSchedule } from "../diffusion/mod.ts";
import type { EngineName } from "../engines/engine.ts";
import { openEngine } from "../engines/mod.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { compileUNet } from "../unet/mod.ts";
import { median } from "./table.ts";

const options = parseArgs(Deno.args, {
  string: ["architecture", "size", "batch", "steps", "rounds", "sampler", "engine"],
  default: {
    architecture: "D",
    size: "32",
    batch: "16",
    steps: "20",
    rounds: "5",
    sampler: "ancestral",
  },
});
const batch = Number(options.batch);
const steps = Number(options.steps);
const rounds = Number(options.rounds);
// openEngine rejects unknown names.
const engine = await openEngine((options.engine ?? "tensorflow") as EngineName);
// CIFAR-10's images have three channels; nothing is read from disk.
const spec = resolveSpec(parseSpec(
  `{ architecture: ${options.architecture}, dataset: cifar-10, imageSize: ${options.size}, ` +
    `sampling: { sampler: ${options.sampler}, steps: ${steps}, batchSize: ${batch} } }`,
));
const unet = compileUNet(spec);
const imageShape: [number, number, number] = [spec.imageSize, spec.imageSize, 3];
const sampler = createSampler({
  engine,
  predict: unet.apply,
  imageShape,
  sampling: spec.sampling,
  classes: null,
  schedule: noiseSchedule(spec.noise),
  seed: spec.seed,
});
const forward = engine.jit((x, t) => [unet.apply(rank4(x), rank1(t))]);
const x = tf.randomNormal([batch, ...imageShape], 0, 1, "float32", 1);
const t = tf.fill([batch], 500);

/** What is timed, for `steps` steps. */
const ways: Record<string, () => Promise<void>> = {
  "network alone": async () => {
    for (let step = 0; step < steps; step++) {
      const [noise] = forward(x, t);
      if (step === steps - 1) await noise!.data();
      noise!.dispose();
    }
  },
  "sampling": async () => void await sampler.sample({ count: batch }),
  "sampling with rotation": async () =>
    void await sampler.sample({ count: batch, angleDegrees: 30 }),
};
const times = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
/** The same in CPU time, which depends less on what else the machine runs. */
const cpuTimes = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
for (let round = -1; round < rounds; round++) {
  for (const [name, run] of Object.entries(ways)) {
    const start = performance.now();
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    // The first round traces and warms up.
    if (round < 0) continue;
    times.get(name)!.push((performance.now() - start) / steps);
    cpuTimes.get(name)!.push((user + system) / 1000 / steps);
  }
}
for (const [what, found] of [["ms", times], ["ms of CPU time", cpuTimes]] as const) {
  const alone = found.get("network alone")!;
  for (const [name, values] of found) {
    const more = 100 * (median(values.map((value, round) => value / alone[round]!)) - 1);
    const best = 100 * (Math.min(...values) / Math.min(...alone) - 1);
    console.log(
      `${name}: best ${Math.min(...values).toFixed(1)}, median ${median(values).toFixed(1)} ` +
        `${what} per step` +
        (name === "network alone"
          ? ""
          : `; ${best.toFixed(1)} % (best) and ${more.toFixed(1)} % (median) more`),
    );
  }
}
console.log(
  `${spec.architecture}, ${batch} images of ${spec.imageSize} pixels, ${steps} steps, ` +
    `${rounds} rounds; ${engine.description}`,
);
forward.dispose();
sampler.dispose();
unet.dispose();
engine.dispose();
