/**
 * Drawing a run's images: batch by batch, each kept when it is done, so that a killed run loses one
 * at most.
 */
import { join } from "@std/path";
import { exists, writeFileAtomic } from "../files/create.ts";
import { createSampler, type NoisePredictor, noiseSchedule, toPixels } from "../diffusion/mod.ts";
import type { Engine } from "../engines/engine.ts";
import { encodeTensors, readTensors, type TensorData } from "../formats/safetensors.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { Progress } from "../messages/progress.ts";

/** What drawing needs. */
export interface SamplePhaseOptions {
  engine: Engine;
  spec: ResolvedSpec;
  predict: NoisePredictor;
  /** Where finished batches are kept, or null. */
  folder: string | null;
  /** Is called before a batch is kept, and throws where it must not be. */
  checkLock?: () => void;
  /** Is called when a batch was kept. */
  onSaved?: () => void;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** What was drawn. */
export interface Samples {
  /** For each angle, under its number: uint8 [count, size, size, channels]. */
  images: Map<string, TensorData>;
  /**
   * The first images' states on their way out of noise at about thirty timesteps, falling: uint8 [8
   * or fewer, size, size, channels].
   */
  denoising: { timestep: number; images: Uint8Array }[];
}

/** Images whose denoising is kept. */
const denoisingCount = 8;

/**
 * The states kept of the denoising are these and the first: enough for a film, and among them those
 * of the strip.
 */
const denoisingMoments = 30;

/**
 * Which of a run's states stand for evenly spread moments: of each of `count` + 1 timesteps from
 * `noiseSteps` down to 0 the first state that is not before it. Those of a divisor of `count` are
 * among those of `count`.
 *
 * @param timesteps of the states, falling
 * @returns indices into `timesteps`, rising, each once
 */
export function evenlySpacedStates(
  timesteps: readonly number[],
  noiseSteps: number,
  count: number,
): number[] {
  const found = Array.from(
    { length: count + 1 },
    (_, k) =>
      timesteps.findIndex((timestep) => timestep <= Math.round(noiseSteps * (count - k) / count)),
  );
  return [...new Set(found)].filter((index) => index >= 0);
}

/** The angles at which a run draws: the spec's, and 0 for scores, which are of unturned images. */
export function drawnAngles({ sampling, evaluation }: ResolvedSpec): number[] {
  return evaluation.metrics.length > 0 && !sampling.rotation.includes(0)
    ? [0, ...sampling.rotation]
    : sampling.rotation;
}

/** Draws all images of a spec. */
export async function samplePhase(options: SamplePhaseOptions): Promise<Samples> {
  const { engine, spec, predict, folder, onSaved, progress, signal } = options;
  const { sampling, imageSize, channels, noise } = spec;
  const pixels = imageSize ** 2 * channels;
  const sampler = createSampler({
    engine,
    predict,
    imageShape: [imageSize, imageSize, channels],
    sampling,
    classes: spec.classes,
    schedule: noiseSchedule(noise),
    seed: spec.seed,
  });
  const angles = drawnAngles(spec);
  const upright = angles.includes(0) ? 0 : angles[0];
  const batches = Math.ceil(sampling.count / sampling.batchSize);
  const steps = sampler.steps.length;
  const images = new Map<string, TensorData>();
  const timesteps = [
    ...sampler.steps.map(({ timestep }) => timestep),
    sampler.steps.at(-1)!.nextTimestep,
  ];
  const moments = new Set(evenlySpacedStates(timesteps, noise.steps, denoisingMoments));
  let denoising: Samples["denoising"] = [];
  let done = 0;
  if (folder) Deno.mkdirSync(folder, { recursive: true });
  progress.phase("drawing images", batches * angles.length * steps, "steps");
  try {
    for (const angleDegrees of angles) {
      const data = new Uint8Array(sampling.count * pixels);
      for (let batch = 0; batch < batches; batch++) {
        const first = batch * sampling.batchSize;
        const count = Math.min(sampling.batchSize, sampling.count - first);
        // The first batch of the upright images also gives the denoising, and is drawn in one go
        // with it.
        const wantsStates = angleDegrees === upright && batch === 0;
        const path = folder ? join(folder, `${angleDegrees}-${batch}.bin`) : null;
        const kept = path ? readKept(path, count * pixels) : null;
        const keptStates = path && wantsStates ? await readStates(`${path}.states`) : null;
        if (kept && (!wantsStates || keptStates)) {
          data.set(kept, first * pixels);
          if (keptStates) denoising = keptStates;
        } else {
          const states: Samples["denoising"] = [];
          const drawn = toPixels(
            await sampler.sample({
              count,
              first,
              angleDegrees,
              ...(signal ? { signal } : {}),
              onStep: async ({ step, timestep, state }) => {
                const images = `${first + 1}-${first + count} of ${sampling.count}`;
                progress.update(done + step, { images, angle: `${angleDegrees}°` });
                if (!wantsStates || !moments.has(step)) return;
                const values = await state.data<"float32">();
                states.push({
                  timestep,
                  images: toPixels(values.subarray(0, Math.min(denoisingCount, count) * pixels)),
                });
              },
            }),
          );
          data.set(drawn, first * pixels);
          options.checkLock?.();
          if (wantsStates) denoising = states;
          if (path && wantsStates) writeStates(`${path}.states`, states);
          if (path) writeFileAtomic(path, drawn);
          onSaved?.();
        }
        done += steps;
      }
      images.set(String(angleDegrees), {
        dtype: "U8",
        shape: [sampling.count, imageSize, imageSize, channels],
        data,
      });
    }
  } finally {
    sampler.dispose();
  }
  progress.done();
  return { images, denoising };
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

/** As safetensors, each state under its timestep. */
function writeStates(path: string, states: Samples["denoising"]): void {
  const tensors = states.map(({ timestep, images }): [string, TensorData] => [
    String(timestep),
    { dtype: "U8", shape: [images.length], data: images },
  ]);
  writeFileAtomic(path, encodeTensors(new Map(tensors)));
}

async function readStates(path: string): Promise<Samples["denoising"] | null> {
  if (!exists(path)) return null;
  const states = [...await readTensors(path)].map(([timestep, { data }]) => ({
    timestep: Number(timestep),
    images: data as Uint8Array,
  }));
  return states.sort((a, b) => b.timestep - a.timestep);
}
