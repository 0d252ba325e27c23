/**
 * What memory a run takes, at the very least and likely: one that cannot fit is refused before it
 * takes the machine's last memory, or is ended by its container.
 */
import type { Engine } from "../engines/engine.ts";
import { UserError } from "../messages/errors.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import { trainingPlan } from "../training/plan.ts";
import { memoryLimit } from "./memory_limit.ts";
import { elements, type NetworkPlan, networkPlan } from "../unet/plan.ts";

/** What the least memory of a run follows from. */
type Sized =
  & Pick<ResolvedSpec, "training" | "sampling" | "evaluation">
  & Parameters<typeof networkPlan>[0];

/**
 * Images that are worked on together: of a training step, and of a sampling step with what guidance
 * adds to it.
 */
function batches(
  { training, sampling, classes }: Sized,
  images: number,
): { trained: number; sampled: number } {
  const guided = classes !== null && sampling.guidance !== null && sampling.guidance !== 1;
  return {
    trained: Math.min(training.batchSize, images),
    sampled: Math.min(sampling.batchSize, sampling.count) * (guided ? 2 : 1),
  };
}

/** Elements of each layer's output for one image. */
function outputsOf(plan: NetworkPlan): number[] {
  return plan.steps.map(({ outputShape }) => elements(outputShape));
}

/**
 * A lower bound of a run's memory, in bytes: weights, gradients and AdamW's means; one float32 for
 * each output of each layer, which the backward pass needs, for a batch; or, where that is more,
 * the weights and the largest output of a batch that is sampled; or the images drawn. The
 * losses of all steps come on top, and what lies inside the layers, several times as much.
 *
 * @param images of the dataset: a batch has no more
 */
export function leastMemory(spec: Sized, images = Infinity): number {
  const plan = networkPlan(spec);
  const { sampling } = spec;
  const { trained, sampled } = batches(spec, images);
  const weights = plan.parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  const outputs = outputsOf(plan);
  const training = 4 * (4 * weights + trained * outputs.reduce((a, b) => a + b));
  const step = 4 * (weights + sampled * Math.max(...outputs));
  const drawn = sampling.count * sampling.rotation.length * elements(plan.imageShape);
  // A number a step.
  const losses = Number.isFinite(images) ? 8 * trainingPlan(spec.training, images).steps : 0;
  return losses + Math.max(training, step, drawn);
}

/**
 * The bytes that the largest tensor between two layers has, in training or sampling; inside them
 * there may be larger.
 */
export function largestTensor(spec: Sized, images = Infinity): number {
  const { trained, sampled } = batches(spec, images);
  return 4 * Math.max(trained, sampled) * Math.max(...outputsOf(networkPlan(spec)));
}

/** Deno, tfjs and TensorFlow with a network compiled, as measured; mapped libraries apart. */
const processBytes = 250e6;
/** What drawing pictures, films and the report adds, as measured. */
const picturesBytes = 80e6;
/**
 * What training takes for each byte of {@link leastMemory}: 6 at 32 pixels, 9 at 16, more where
 * attention sees many pixels.
 */
const trainingFactor = 5;

/**
 * What a run takes, rather too little than too much: the process with its images, and the most of
 * training, scoring and writing the bundle.
 *
 * @param images of the dataset; Infinity where they are not known
 * @param isOnHost whether the engine's tensors lie in the machine's memory
 */
export function likelyMemory(spec: Sized, images: number, isOnHost: boolean): number {
  const plan = networkPlan(spec);
  const { sampling, training } = spec;
  const known = images === Infinity ? 0 : images;
  const weights = 4 * plan.parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  const sets = training.emaDecay === null ? 3 : 4;
  const samples = sampling.count * sampling.rotation.length * elements(plan.imageShape);
  // The state as tensors, as arrays, and as the bytes of files.
  const writing = picturesBytes + (isOnHost ? 3 : 2) * sets * weights + 2 * samples;
  const computing = isOnHost ? trainingFactor * leastMemory(spec, images) : 0;
  const scoring = scoringBytes(spec, known);
  // Scores on the way need their memory beside the training's.
  const together = spec.evaluation.everyEpochs ? computing + scoring : 0;
  return processBytes + known * elements(plan.imageShape) +
    Math.max(computing, writing, scoring, together);
}

/** Inception's weights, read and on the engine; features of both sets; three covariances. */
function scoringBytes({ sampling, evaluation }: Sized, images: number): number {
  if (evaluation.metrics.length === 0) return 0;
  const columns = 2048;
  return 2 * 95e6 + 4 * columns * (sampling.count + images) + 3 * 8 * columns ** 2;
}

/** The machine's memory in bytes, or null where it does not tell. */
function machineMemory(): number | null {
  try {
    return Deno.systemMemoryInfo().total;
  } catch {
    return null; // No permission to ask.
  }
}

/**
 * Refuses a run that this machine cannot hold, before hours of training and not behind them. How
 * much memory a GPU has only its driver knows, and says so itself; how large one tensor may be, the
 * GPU tells.
 *
 * @param options.images of the dataset
 * @param options.total the machine's memory in bytes; other values for tests
 * @param options.limit what a container lets this process have, in bytes; other values for tests
 * @throws UserError where the least that the run takes is more than there is
 */
export function refuseTooLarge(
  spec: Sized,
  engine: Engine,
  { images = Infinity, total = machineMemory(), limit = memoryLimit() }: {
    images?: number;
    total?: number | null;
    limit?: number | null;
  } = {},
): void {
  const needed = leastMemory(spec, images);
  const largest = largestTensor(spec, images);
  if (engine.device === "cpu" && total !== null && needed > total) {
    throw new UserError(
      `this run needs more than ${gigabytes(needed)} of memory, and this machine has ${
        gigabytes(total)
      }. ` +
        makeSmaller(spec),
    );
  }
  const likely = likelyMemory(spec, images, engine.device === "cpu");
  if (limit !== null && likely > limit) {
    throw new UserError(
      `this run needs about ${gigabytes(likely)} of memory or more, and this container may have ` +
        `${gigabytes(limit)} (its cgroup's limit), beyond which the system would end it. Give it ` +
        `more (docker run --memory, a scheduler's --mem). ${makeSmaller(spec)}`,
    );
  }
  if (engine.largestTensor !== null && largest > engine.largestTensor) {
    throw new UserError(
      `this run needs tensors of ${
        gigabytes(largest)
      } and more, and ${engine.device} takes at most ` +
        `${gigabytes(engine.largestTensor)} in one. ${makeSmaller(spec)}`,
    );
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toLocaleString("en-US", { maximumSignificantDigits: 2 })} GB`;
}

function makeSmaller({ training, sampling, imageSize, baseWidth }: Sized): string {
  return `Make one of these smaller: training.batchSize (${training.batchSize}), sampling.batchSize ` +
    `(${sampling.batchSize}), imageSize (${imageSize}), baseWidth (${baseWidth}), sampling.count (${sampling.count})`;
}
