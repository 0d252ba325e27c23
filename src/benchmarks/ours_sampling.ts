/**
 * Times some steps of this project's sampling and prints one JSON line: images per second of the
 * published sampling, without and with rotation, and of DDIM with 50 steps. `deno task bench
 * --sampling` calls it.
 */
import process from "node:process";
import { parseArgs } from "@std/cli/parse-args";
import { createSampler, noiseSchedule } from "../diffusion/mod.ts";
import type { EngineName } from "../engines/engine.ts";
import { openEngine } from "../engines/mod.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { compileUNet } from "../unet/mod.ts";
import type { Rate } from "./table.ts";

const options = parseArgs(Deno.args, {
  string: ["variant", "engine", "batch", "threads", "repeats", "precision", "size"],
  default: {
    variant: "D",
    engine: "tensorflow",
    batch: "64",
    threads: "2",
    repeats: "5",
    precision: "float32",
    size: "32",
  },
});
const batch = Number(options.batch);

/** The spec of a sampler. CIFAR-10 has three channels; nothing is read from disk. */
function specOf(sampler: string, steps: number) {
  return resolveSpec(parseSpec(
    `{ architecture: ${options.variant}, dataset: cifar-10, imageSize: ${options.size}, ` +
      `precision: ${options.precision}, ` +
      `sampling: { sampler: ${sampler}, steps: ${steps}, batchSize: ${batch} } }`,
  ));
}

const published = specOf("ancestral", 999);
// openEngine rejects unknown names.
const engine = await openEngine(options.engine as EngineName, {
  threads: Number(options.threads),
  precision: published.precision,
});
const unet = compileUNet(published);
const images = {
  ancestral: await imagesPerSecond(published, 0),
  turned: await imagesPerSecond(published, 45),
  ddim: await imagesPerSecond(specOf("ddim", 50), 0),
};
console.log(JSON.stringify({ images, engine: engine.description }));
unet.dispose();
engine.dispose();

/** The speed of the fastest step, after two that trace and warm up. */
async function imagesPerSecond(
  { sampling, imageSize, noise, seed }: typeof published,
  angleDegrees: number,
): Promise<Rate> {
  const sampler = createSampler({
    engine,
    predict: unet.apply,
    imageShape: [imageSize, imageSize, 3],
    sampling,
    classes: null,
    schedule: noiseSchedule(noise),
    seed,
  });
  const stop = new AbortController();
  const best = { wall: Infinity, cpu: Infinity };
  let last = { wallMs: 0, cpu: process.cpuUsage() };
  try {
    await sampler.sample({
      count: batch,
      angleDegrees,
      signal: stop.signal,
      async onStep({ step, state }) {
        await state.data(); // A step is done when its result can be read.
        if (step > 2) {
          const { user, system } = process.cpuUsage(last.cpu);
          best.wall = Math.min(best.wall, performance.now() - last.wallMs);
          best.cpu = Math.min(best.cpu, (user + system) / 1000);
        }
        if (step === 2 + Number(options.repeats)) stop.abort();
        last = { wallMs: performance.now(), cpu: process.cpuUsage() };
      },
    });
  } catch (error) {
    if (!stop.signal.aborted || error !== stop.signal.reason) throw error;
  }
  sampler.dispose();
  const perSecond = (ms: number) => 1000 * batch / (ms * sampling.steps);
  return { wall: perSecond(best.wall), cpu: perSecond(best.cpu) };
}
