/** Draws a run's images, and saves each batch, so that a killed run loses one batch at most. */
import { join } from "@std/path";
import { exists, writeFileAtomic } from "../files/create.ts";
import {
  createSampler,
  type NoisePredictor,
  noiseSchedule,
  type Sampler,
  toPixels,
} from "../diffusion/mod.ts";
import type { Engine } from "../engines/engine.ts";
import { encodeTensors, readTensors, type TensorData } from "../formats/safetensors.ts";
import { drawnAngles } from "../spec/angles.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import type { Progress } from "../messages/progress.ts";

/** What the sampling phase needs. */
export interface SamplePhaseOptions {
  engine: Engine;
  spec: ResolvedSpec;
  predict: NoisePredictor;
  /** The folder in which batches are saved, or null. */
  folder: string | null;
  /** Throws if another process has taken over the run; called before a batch is saved. */
  checkLock?: () => void;
  /** Called after a batch is saved. */
  onSaved?: () => void;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** Images in the middle of denoising. */
export interface DenoisingState {
  timestep: number;
  /** The first 8 or fewer images: uint8 [count, size, size, channels]. */
  images: Uint8Array;
}

/** The drawn images. */
export interface Samples {
  /** The images of each angle, by its number: uint8 [count, size, size, channels]. */
  images: Map<string, TensorData>;
  /** The denoising of the first images at about 30 timesteps, in falling order. */
  denoising: DenoisingState[];
}

/** Number of images whose denoising is kept. */
const denoisingCount = 8;

/** Number of states kept after the first: enough for a film, and a multiple of the strip's ten. */
const denoisingMoments = 30;

/**
 * Chooses evenly spaced states: for each of `count` + 1 timesteps from `noiseSteps` down to 0, the
 * first state at or below it. The choice for a divisor of `count` is a subset of that for `count`.
 *
 * @param timesteps the timesteps of the states, falling
 * @returns distinct indices into `timesteps`, rising
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

/** Draws all images of a spec. */
export async function samplePhase(options: SamplePhaseOptions): Promise<Samples> {
  const { engine, spec, predict, folder, progress } = options;
  const { sampling, imageSize, channels, noise } = spec;
  const imageBytes = imageSize ** 2 * channels;
  if (folder) Deno.mkdirSync(folder, { recursive: true });

  using held = new DisposableStack();
  const sampler = createSampler({
    engine,
    predict,
    imageShape: [imageSize, imageSize, channels],
    sampling,
    classes: spec.classes,
    schedule: noiseSchedule(noise),
    seed: spec.seed,
  });
  held.defer(() => sampler.dispose());

  const angles = drawnAngles(spec);
  const filmedAngle = angles.includes(0) ? 0 : angles[0];
  const batches = Math.ceil(sampling.count / sampling.batchSize);
  const steps = sampler.steps.length;
  const images = new Map<string, TensorData>();
  let denoising: DenoisingState[] = [];
  let done = 0;
  progress.phase("drawing images", batches * angles.length * steps, "steps");
  for (const angleDegrees of angles) {
    const data = new Uint8Array(sampling.count * imageBytes);
    for (let index = 0; index < batches; index++) {
      const first = index * sampling.batchSize;
      const count = Math.min(sampling.batchSize, sampling.count - first);
      // The denoising is that of the first batch of the unrotated images.
      const withStates = angleDegrees === filmedAngle && index === 0;
      const path = folder ? join(folder, `${angleDegrees}-${index}.bin`) : null;
      const batch = { angleDegrees, first, count, withStates, path, done };
      const { pixels, states } = await readBatch(batch, count * imageBytes) ??
        await drawBatch(batch, sampler, options);
      data.set(pixels, first * imageBytes);
      if (withStates) denoising = states;
      done += steps;
    }
    const shape = [sampling.count, imageSize, imageSize, channels];
    images.set(String(angleDegrees), { dtype: "U8", shape, data });
  }
  progress.done();
  return { images, denoising };
}

/** A batch of images to draw. */
interface Batch {
  angleDegrees: number;
  /** Index of the first image. */
  first: number;
  /** Number of images. */
  count: number;
  /** Whether the states of the denoising are kept, too. */
  withStates: boolean;
  /** The file in which the batch is saved, or null. */
  path: string | null;
  /** Steps done before it, for the progress. */
  done: number;
}

/** The images of a batch, and the states of their denoising if they are kept. */
interface DrawnBatch {
  pixels: Uint8Array;
  states: DenoisingState[];
}

/** Draws a batch and saves it. */
async function drawBatch(
  { angleDegrees, first, count, withStates, path, done }: Batch,
  sampler: Sampler,
  { spec, checkLock, onSaved, progress, signal }: SamplePhaseOptions,
): Promise<DrawnBatch> {
  const { sampling, imageSize, channels, noise } = spec;
  const filmedBytes = Math.min(denoisingCount, count) * imageSize ** 2 * channels;
  const kept = keptStates(sampler, noise.steps);
  const states: DenoisingState[] = [];
  const images = `${first + 1}-${first + count} of ${sampling.count}`;
  const drawn = await sampler.sample({
    count,
    first,
    angleDegrees,
    ...(signal ? { signal } : {}),
    onStep: async ({ step, timestep, state }) => {
      progress.update(done + step, { images, angle: `${angleDegrees}°` });
      if (!withStates || !kept.has(step)) return;
      const values = await state.data<"float32">();
      states.push({ timestep, images: toPixels(values.subarray(0, filmedBytes)) });
    },
  });
  const pixels = toPixels(drawn);
  checkLock?.();
  // The states first: a batch counts as saved when its images are.
  if (path && withStates) writeStates(`${path}.states`, states);
  if (path) writeFileAtomic(path, pixels);
  onSaved?.();
  return { pixels, states };
}

/** Which of the sampler's states are kept, by their step. */
function keptStates({ steps }: Sampler, noiseSteps: number): Set<number> {
  const timesteps = [...steps.map(({ timestep }) => timestep), steps.at(-1)!.nextTimestep];
  return new Set(evenlySpacedStates(timesteps, noiseSteps, denoisingMoments));
}

/** Reads a saved batch; null if it is missing or incomplete. */
async function readBatch({ path, withStates }: Batch, size: number): Promise<DrawnBatch | null> {
  if (!path || !exists(path)) return null;
  const pixels = Deno.readFileSync(path);
  if (pixels.length !== size) return null;
  const states = withStates ? await readStates(`${path}.states`) : [];
  return states && { pixels, states };
}

/** Writes states as safetensors, each under its timestep. */
function writeStates(path: string, states: readonly DenoisingState[]): void {
  const tensors = states.map(({ timestep, images }): [string, TensorData] => [
    String(timestep),
    { dtype: "U8", shape: [images.length], data: images },
  ]);
  writeFileAtomic(path, encodeTensors(new Map(tensors)));
}

async function readStates(path: string): Promise<DenoisingState[] | null> {
  if (!exists(path)) return null;
  const states = [...await readTensors(path)].map(([timestep, { data }]) => ({
    timestep: Number(timestep),
    images: data as Uint8Array, // States are bytes.
  }));
  return states.sort((a, b) => b.timestep - a.timestep);
}
