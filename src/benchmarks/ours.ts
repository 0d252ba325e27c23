/**
 * Times training and forward pass of this project's network, and prints one JSON line with them and
 * the peak memory of training. It runs in its own process, so the memory is that of one variant.
 * `deno task bench` calls it.
 */
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import { parseArgs } from "@std/cli/parse-args";
import { adamwRates } from "../../kernels/adamw/mod.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { rank1, rank4 } from "../../kernels/shared/ranks.ts";
import { noiseSchedule, noisingFactors } from "../diffusion/mod.ts";
import type { EngineName } from "../engines/engine.ts";
import { openEngine } from "../engines/mod.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { newState } from "../training/state.ts";
import { jittedTrainStep } from "../training/step.ts";
import type { Rate } from "./table.ts";
import { compileUNet } from "../unet/mod.ts";

const options = parseArgs(Deno.args, {
  string: ["variant", "engine", "batch", "threads", "repeats", "precision", "size"],
  default: {
    variant: "D",
    engine: "tensorflow",
    batch: "16",
    threads: "2",
    repeats: "5",
    precision: "float32",
    size: "32",
  },
});
const batch = Number(options.batch);
// CIFAR-10's images have three channels; nothing is read from disk.
const spec = resolveSpec(parseSpec(
  `{ architecture: ${options.variant}, dataset: cifar-10, imageSize: ${options.size}, ` +
    `precision: ${options.precision} }`,
));
// openEngine rejects unknown names.
const engine = await openEngine(options.engine as EngineName, {
  threads: Number(options.threads),
  precision: spec.precision,
});
const unet = compileUNet(spec);
const state = newState(unet, false);
const trainStep = jittedTrainStep(engine, spec, state, noisingFactors(noiseSchedule(spec.noise)));
const forward = engine.jit((x, t) => [unet.apply(rank4(x), rank1(t))]);

const images = tf.randomNormal(
  [batch, spec.imageSize, spec.imageSize, spec.channels],
  0,
  1,
  "float32",
  1,
);
const timesteps = tf.tensor1d(Array.from({ length: batch }, (_, i) => 1 + 61 * i % 999), "int32");
const key = tf.tensor1d(philoxKey(spec.seed, "trainingNoise"), "int32");
const decay = tf.scalar(0);
let step = 0;

const train = await imagesPerSecond(() => {
  const { learningRate, weightDecay, beta1, beta2 } = spec.training;
  const rates = tf.tensor1d(
    adamwRates({ learningRate, weightDecay, beta1, beta2, step: step + 1 }),
  );
  const counter = tf.tensor1d(Int32Array.of(0, 0, step++, 0), "int32");
  const [loss] = trainStep(key, counter, images, timesteps, rates, decay);
  tf.dispose([rates, counter]);
  return loss!;
});
const peakBytes = peakResidentBytes();
const applied = await imagesPerSecond(() => forward(images, timesteps)[0]!);
console.log(
  JSON.stringify({
    variant: options.variant,
    images: { train, forward: applied },
    peakBytes,
    engine: engine.description,
  }),
);
trainStep.dispose();
forward.dispose();
engine.dispose();

/**
 * The speed of the fastest repeat, after two calls that trace and warm up. A call ends when its
 * result has been read.
 */
async function imagesPerSecond(call: () => tf.Tensor): Promise<Rate> {
  let best = Infinity;
  let bestCpu = Infinity;
  for (let i = -2; i < Number(options.repeats); i++) {
    const start = performance.now();
    const before = process.cpuUsage();
    const result = call();
    await result.data();
    const { user, system } = process.cpuUsage(before);
    if (i >= 0) {
      best = Math.min(best, performance.now() - start);
      bestCpu = Math.min(bestCpu, (user + system) / 1000);
    }
    result.dispose();
  }
  return { wall: 1000 * batch / best, cpu: 1000 * batch / bestCpu };
}

/** The peak memory of this process; null unless the system is Linux. */
function peakResidentBytes(): number | null {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
    return kilobytes ? 1024 * Number(kilobytes) : null;
  } catch {
    return null;
  }
}
