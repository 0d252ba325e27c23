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
export function minMemory(spec: Sized, images = Infinity): number {
  const plan = networkPlan(spec);
  const { trained } = batches(spec, images);
  const weights = plan.parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  const outputs = outputsOf(plan).reduce((a, b) => a + b);
  const training = 4 * (4 * weights + trained * outputs);
  // A number a step.
  const losses = Number.isFinite(images) ? 8 * trainingPlan(spec.training, images).steps : 0;
  return losses + Math.max(training, minSamplingMemory(spec));
}

/** The part of {@link minMemory} that drawing takes, in bytes: of `sample`, it is all. */
export function minSamplingMemory(spec: Sized): number {
  const plan = networkPlan(spec);
  const { sampling } = spec;
  const { sampled } = batches(spec, Infinity);
  const weights = plan.parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  const step = 4 * (weights + sampled * Math.max(...outputsOf(plan)));
  const drawn = sampling.count * sampling.rotation.length * elements(plan.imageShape);
  return Math.max(step, drawn);
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
 * What training takes for each byte of {@link minMemory}: 6 at 32 pixels, 9 at 16, more where
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
  const computing = isOnHost ? trainingFactor * minMemory(spec, images) : 0;
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

/** What a task takes, in bytes. */
interface Need {
  /** A lower bound. */
  least: number;
  /** An estimate, rather too low than too high. */
  likely: number;
  /** The largest tensor between two layers. */
  largest: number;
  /** The fields to make smaller, with their values. */
  fields: string[];
}

/** What there is, in bytes; null if unknown. Other values for tests. */
interface Available {
  /** The machine's memory. */
  total?: number | null;
  /** What a container lets this process have. */
  limit?: number | null;
}

/**
 * Refuses a run that this machine cannot hold, before the hours of training rather than after them.
 * How much memory a GPU has only its driver knows, and reports itself; how large one tensor may be,
 * the GPU tells.
 *
 * @param options.images number of images in the dataset
 * @throws UserError if the least that the run takes is more than there is
 */
export function requireMemory(
  spec: Sized,
  engine: Engine,
  { images = Infinity, ...available }: { images?: number } & Available = {},
): void {
  const { training } = spec;
  refuse("run", engine, available, {
    least: minMemory(spec, images),
    likely: likelyMemory(spec, images, engine.device === "cpu"),
    largest: largestTensor(spec, images),
    fields: [`training.batchSize (${training.batchSize})`, ...drawingFields(spec)],
  });
}

/**
 * Refuses to draw more images at a time than this machine can hold, as {@link requireMemory} does
 * for a run.
 *
 * @throws UserError if drawing takes more memory than there is
 */
export function requireSamplingMemory(
  spec: Sized,
  engine: Engine,
  available: Available = {},
): void {
  const least = minSamplingMemory(spec);
  refuse("drawing", engine, available, {
    least,
    likely: processBytes + picturesBytes + (engine.device === "cpu" ? least : 0),
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
  { least, likely, largest, fields }: Need,
): void {
  const smaller = `Make one of these smaller: ${fields.join(", ")}`;
  if (engine.device === "cpu" && total !== null && least > total) {
    throw new UserError(
      `this ${task} needs more than ${gigabytes(least)} of memory, and this machine has ` +
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
