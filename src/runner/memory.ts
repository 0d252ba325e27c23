/**
 * Estimates of a run's memory: a lower bound and a likely value. A run that cannot fit is refused
 * before it exhausts the machine's memory or its container kills it.
 */
import type { Engine } from "../engines/engine.ts";
import { UserError } from "../messages/errors.ts";
import { drawnAngles } from "../spec/angles.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import { trainingPlan } from "../training/plan.ts";
import { memoryLimit } from "./memory_limit.ts";
import { elements, type NetworkPlan, networkPlan } from "../unet/plan.ts";

/** The fields of a spec that determine its memory. */
type Sized =
  & Pick<ResolvedSpec, "training" | "sampling" | "evaluation">
  & Parameters<typeof networkPlan>[0];

/**
 * Images that are in memory together: in a training step, which may take its batch in parts and
 * double them for the equivariance loss, and in a sampling step, where guidance doubles them.
 */
function batches(
  { training, sampling, classes }: Sized,
  images: number,
): { trained: number; sampled: number } {
  const guided = classes !== null && sampling.guidance !== null && sampling.guidance !== 1;
  return {
    trained: Math.ceil(Math.min(training.batchSize, images) / (training.accumulate ?? 1)) *
      (training.equivariance ? 2 : 1),
    sampled: Math.min(sampling.batchSize, sampling.count) * (guided ? 2 : 1),
  };
}

/** Elements of each layer's output for one image. */
function outputsOf(plan: NetworkPlan): number[] {
  return plan.steps.map(({ outputShape }) => elements(outputShape));
}

/**
 * A lower bound of a run's memory, in bytes. It is the losses of all steps plus the largest of:
 *
 * - training: weights, gradients and AdamW's means, sums of gradients where a batch is taken in
 *   parts, and the outputs of all layers for one batch or part, which the backward pass needs;
 * - sampling: weights, and the largest output for one batch;
 * - the drawn images.
 *
 * The temporary tensors inside layers, not counted here, take several times as much.
 *
 * @param images number of images in the dataset, which limits the batch
 */
export function minMemory(spec: Sized, images = Infinity): number {
  const plan = networkPlan(spec);
  const { trained } = batches(spec, images);
  const weights = plan.parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  const outputs = outputsOf(plan).reduce((a, b) => a + b);
  const sets = spec.training.accumulate ? 5 : 4;
  const training = 4 * (sets * weights + trained * outputs);
  // One number per step.
  const losses = Number.isFinite(images) ? 8 * trainingPlan(spec.training, images).steps : 0;
  return losses + Math.max(training, minSamplingMemory(spec));
}

/** The part of {@link minMemory} that drawing takes, in bytes: all that `sample` takes. */
export function minSamplingMemory(spec: Sized): number {
  const plan = networkPlan(spec);
  const { sampling } = spec;
  const { sampled } = batches(spec, Infinity);
  const weights = plan.parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  const step = 4 * (weights + sampled * Math.max(...outputsOf(plan)));
  const drawn = sampling.count * drawnAngles(spec).length * elements(plan.imageShape);
  return Math.max(step, drawn);
}

/**
 * Size in bytes of the largest tensor between two layers, in training or sampling. Layers may use
 * larger ones inside.
 */
export function largestTensor(spec: Sized, images = Infinity): number {
  const { trained, sampled } = batches(spec, images);
  return 4 * Math.max(trained, sampled) * Math.max(...outputsOf(networkPlan(spec)));
}

/** Measured size of Deno, tfjs and TensorFlow with a compiled network, without mapped libraries. */
const processBytes = 250e6;
/** Measured size of drawing pictures, films and the report. */
const picturesBytes = 80e6;
/**
 * Bytes that training takes per byte of {@link minMemory}. Measured: 6 at 32 pixels, 9 at 16, more
 * with attention over many pixels. The constant is lower, so that estimates err on the low side.
 */
const trainingFactor = 5;

/**
 * An estimate of a run's memory in bytes, which errs on the low side: the process with its images,
 * plus the largest of training, scoring and writing the bundle.
 *
 * @param images number of images in the dataset; Infinity if unknown
 * @param isOnHost whether the engine's tensors are in the machine's memory
 */
export function likelyMemory(spec: Sized, images: number, isOnHost: boolean): number {
  const plan = networkPlan(spec);
  const { sampling, training } = spec;
  const known = images === Infinity ? 0 : images;
  const weights = 4 * plan.parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  const sets = training.emaDecay === null ? 3 : 4;
  const samples = sampling.count * drawnAngles(spec).length * elements(plan.imageShape);
  // The state as tensors, as arrays, and as the bytes of files.
  const writing = picturesBytes + (isOnHost ? 3 : 2) * sets * weights + 2 * samples;
  const computing = isOnHost ? trainingFactor * minMemory(spec, images) : 0;
  const scoring = scoringBytes(spec, known);
  // Interim scores need their memory in addition to training's.
  const together = spec.evaluation.everyEpochs ? computing + scoring : 0;
  return processBytes + known * elements(plan.imageShape) +
    Math.max(computing, writing, scoring, together);
}

/** Inception's weights, as read and on the engine; the features of both sets; three covariances. */
function scoringBytes({ sampling, evaluation }: Sized, images: number): number {
  if (evaluation.metrics.length === 0) return 0;
  const columns = 2048;
  return 2 * 95e6 + 4 * columns * (sampling.count + images) + 3 * 8 * columns ** 2;
}

/** The machine's memory in bytes, or null if unknown. */
function machineMemory(): number | null {
  try {
    return Deno.systemMemoryInfo().total;
  } catch {
    return null; // No permission to ask.
  }
}

/** The memory that a task needs, in bytes. */
interface Need {
  /** A lower bound. */
  minimum: number;
  /** An estimate that errs on the low side. */
  likely: number;
  /** The largest tensor between two layers. */
  largest: number;
  /** The fields to make smaller, with their values. */
  fields: string[];
}

/** The available memory in bytes; null if unknown. Tests pass their own values. */
interface Available {
  /** The machine's memory. */
  total?: number | null;
  /** The limit that a container sets for this process. */
  limit?: number | null;
}

/**
 * Refuses a run that needs more memory than this machine has, before hours of training rather than
 * after them. A GPU does not say how much memory it has, so only the size of its largest tensor is
 * checked; its driver reports when memory runs out.
 *
 * @param options.images number of images in the dataset
 * @throws UserError if the run needs more memory than is available
 */
export function requireMemory(
  spec: Sized,
  engine: Engine,
  { images = Infinity, ...available }: { images?: number } & Available = {},
): void {
  const { training } = spec;
  refuse("run", engine, available, {
    minimum: minMemory(spec, images),
    likely: likelyMemory(spec, images, engine.device === "cpu"),
    largest: largestTensor(spec, images),
    fields: [`training.batchSize (${training.batchSize})`, ...drawingFields(spec)],
  });
}

/**
 * Refuses to draw more images at a time than fit into memory, as {@link requireMemory} does for a
 * run.
 *
 * @throws UserError if drawing needs more memory than is available
 */
export function requireSamplingMemory(
  spec: Sized,
  engine: Engine,
  available: Available = {},
): void {
  const minimum = minSamplingMemory(spec);
  refuse("drawing", engine, available, {
    minimum,
    likely: processBytes + picturesBytes + (engine.device === "cpu" ? minimum : 0),
    largest: largestTensor(spec, 0),
    fields: drawingFields(spec),
  });
}

function drawingFields({ sampling, imageSize, baseWidth }: Sized): string[] {
  return [
    `sampling.batchSize (${sampling.batchSize})`,
    `imageSize (${imageSize})`,
    `baseWidth (${baseWidth})`,
    `sampling.count (${sampling.count})`,
  ];
}

function refuse(
  task: "run" | "drawing",
  engine: Engine,
  { total = machineMemory(), limit = memoryLimit() }: Available,
  { minimum, likely, largest, fields }: Need,
): void {
  const smaller = `Make one of these smaller: ${fields.join(", ")}`;
  if (engine.device === "cpu" && total !== null && minimum > total) {
    throw new UserError(
      `this ${task} needs more than ${gigabytes(minimum)} of memory, and this machine has ` +
        `${gigabytes(total)}. ${smaller}`,
    );
  }
  if (limit !== null && likely > limit) {
    throw new UserError(
      `this ${task} needs at least ${gigabytes(likely)} of memory, and this container has ` +
        `${gigabytes(limit)} (its cgroup's limit); the system would kill it. Give it ` +
        `more (docker run --memory, a scheduler's --mem). ${smaller}`,
    );
  }
  if (engine.largestTensor !== null && largest > engine.largestTensor) {
    throw new UserError(
      `this ${task} needs tensors of at least ${gigabytes(largest)}, and ${engine.device} takes ` +
        `at most ${gigabytes(engine.largestTensor)} in one. ${smaller}`,
    );
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toLocaleString("en-US", { maximumSignificantDigits: 2 })} GB`;
}
