/** Drawing a run's images: batch by batch, each kept when it is done, so that a killed run loses one at most. */
import { join } from "@std/path";
import { writeFileAtomic } from "../bundle/atomic.ts";
import { createSampler, type NoisePredictor, noiseSchedule, toPixels } from "../diffusion/mod.ts";
import type { Engine } from "../engines/engine.ts";
import type { TensorData } from "../formats/safetensors.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { Reporter } from "./reporter.ts";

/** What drawing needs. */
export interface SamplePhase {
  engine: Engine;
  spec: ResolvedSpec;
  predict: NoisePredictor;
  /** Where finished batches are kept, or null. */
  folder: string | null;
  report: Reporter;
  signal?: AbortSignal | undefined;
}

/** What was drawn. */
export interface Samples {
  /** For each angle, under its number: uint8 [count, size, size, channels]. */
  images: Map<string, TensorData>;
  /** The first images' states on their way out of noise, with the timestep: uint8 [8 or fewer, size, size, channels]. */
  denoising: { timestep: number; images: Uint8Array }[];
}

/** Images in the strip of the denoising. */
const stripCount = 8;

/** Draws all images of a spec. */
export async function samplePhase({ engine, spec, predict, folder, report, signal }: SamplePhase): Promise<Samples> {
  const { sampling, imageSize, channels, noise } = spec, pixels = imageSize ** 2 * channels;
  const sampler = createSampler({
    engine,
    predict,
    imageShape: [imageSize, imageSize, channels],
    sampling,
    classes: spec.classes,
    schedule: noiseSchedule(noise),
    seed: spec.seed,
  });
  // Scores are those of unturned images.
  const angles = spec.evaluation.metrics.length > 0 && !sampling.rotation.includes(0)
    ? [0, ...sampling.rotation]
    : sampling.rotation;
  const batches = Math.ceil(sampling.count / sampling.batchSize), steps = sampler.steps.length;
  const images = new Map<string, TensorData>();
  let denoising: Samples["denoising"] = [], done = 0;
  if (folder) Deno.mkdirSync(folder, { recursive: true });
  report.phase("drawing images", batches * angles.length * steps, "steps");
  try {
    for (const angleDegrees of angles) {
      const data = new Uint8Array(sampling.count * pixels);
      for (let batch = 0; batch < batches; batch++) {
        const first = batch * sampling.batchSize, count = Math.min(sampling.batchSize, sampling.count - first);
        // The first batch also gives the strip of the denoising, and is drawn in one go with it.
        const wantsStrip = angleDegrees === angles[0] && batch === 0;
        const path = folder ? join(folder, `${angleDegrees}-${batch}.bin`) : null;
        const kept = path ? readKept(path, count * pixels) : null;
        const strip = path && wantsStrip ? readStrip(`${path}.strip`) : null;
        if (kept && (!wantsStrip || strip)) {
          data.set(kept, first * pixels);
          if (strip) denoising = strip;
        } else {
          const states: Samples["denoising"] = [];
          const drawn = toPixels(
            await sampler.sample({
              count,
              first,
              angleDegrees,
              ...(signal ? { signal } : {}),
              onStep: async ({ step, timestep, state }) => {
                report.update(done + step, { image: `${first + count}/${sampling.count}`, angle: `${angleDegrees}°` });
                if (!wantsStrip || !isStripMoment(step, steps)) return;
                const values = await state.data<"float32">();
                states.push({ timestep, images: toPixels(values.subarray(0, Math.min(stripCount, count) * pixels)) });
              },
            }),
          );
          data.set(drawn, first * pixels);
          if (wantsStrip) denoising = states;
          if (path && wantsStrip) writeStrip(`${path}.strip`, states);
          if (path) writeFileAtomic(path, drawn);
        }
        done += steps;
      }
      images.set(String(angleDegrees), { dtype: "U8", shape: [sampling.count, imageSize, imageSize, channels], data });
    }
  } finally {
    sampler.dispose();
  }
  report.done();
  return { images, denoising };
}

/** Eleven moments, the first and the last included. */
function isStripMoment(step: number, steps: number): boolean {
  const moments = Math.min(10, steps);
  return Array.from({ length: moments + 1 }, (_, i) => Math.round(i * steps / moments)).includes(step);
}

function readKept(path: string, size: number): Uint8Array | null {
  try {
    const bytes = Deno.readFileSync(path);
    return bytes.length === size ? bytes : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function writeStrip(path: string, states: Samples["denoising"]): void {
  const text = JSON.stringify(states.map(({ timestep, images }) => ({ timestep, images: [...images] })));
  writeFileAtomic(path, new TextEncoder().encode(text));
}

function readStrip(path: string): Samples["denoising"] | null {
  try {
    const states = JSON.parse(Deno.readTextFileSync(path)) as { timestep: number; images: number[] }[];
    return states.map(({ timestep, images }) => ({ timestep, images: Uint8Array.from(images) }));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
