/**
 * What a run takes at the very least: one that cannot fit is refused before it takes the machine's
 * last memory.
 */
import type { Engine } from "../engines/engine.ts";
import { UserError } from "../errors.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import { trainingPlan } from "../training/plan.ts";
import { elements, type NetworkPlan, networkPlan } from "../unet/plan.ts";

/** What the least memory of a run follows from. */
type Sized = Pick<ResolvedSpec, "training" | "sampling"> & Parameters<typeof networkPlan>[0];

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
 * @throws UserError where the least that the run takes is more than there is
 */
export function refuseTooLarge(
  spec: Sized,
  engine: Engine,
  { images, total = machineMemory() }: { images?: number; total?: number | null } = {},
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
