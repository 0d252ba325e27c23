/** What a run takes at the very least: one that cannot fit is refused before it takes the machine's last memory. */
import type { Engine } from "../engines/engine.ts";
import { UserError } from "../errors.ts";
import type { ResolvedSpec } from "../spec/mod.ts";
import { elements, networkPlan } from "../unet/plan.ts";

/** What the least memory of a run follows from. */
type Sized = Pick<ResolvedSpec, "training" | "sampling"> & Parameters<typeof networkPlan>[0];

/**
 * A lower bound of a run's memory, in bytes: weights, gradients and AdamW's means; one float32 for each output of each
 * layer, which the backward pass needs, for a batch; or, where that is more, the images drawn. What lies inside the
 * layers comes on top, several times as much.
 *
 * @param images of the dataset: a batch has no more
 */
export function leastMemory(spec: Sized, images = Infinity): number {
  const plan = networkPlan(spec), { training, sampling } = spec;
  const weights = plan.parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  const outputs = plan.steps.reduce((sum, { outputShape }) => sum + elements(outputShape), 0);
  const drawn = sampling.count * sampling.rotation.length * elements(plan.imageShape);
  return Math.max(4 * (4 * weights + Math.min(training.batchSize, images) * outputs), drawn);
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
 * Refuses a run that this machine cannot hold. Where a GPU does the work, only its driver knows, and says so itself.
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
  if (engine.device !== "cpu" || total === null || needed <= total) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toLocaleString("en-US", { maximumSignificantDigits: 2 })} GB`;
  throw new UserError(
    `this run needs more than ${gigabytes(needed)} of memory, and this machine has ${gigabytes(total)}. Make one of ` +
      `these smaller: training.batchSize (${spec.training.batchSize}), imageSize (${spec.imageSize}), baseWidth ` +
      `(${spec.baseWidth}), sampling.count (${spec.sampling.count})`,
  );
}
