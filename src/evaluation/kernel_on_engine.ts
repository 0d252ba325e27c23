/** The kernel distance with its products computed on the open engine. */
import * as tf from "@tensorflow/tfjs";
import { freeArray } from "../formats/tensors.ts";
import { nextTask } from "../engines/next_task.ts";
import type { EvaluationProgress } from "./evaluate.ts";
import { type Features, rowCount } from "./features.ts";
import {
  type KernelDistance,
  type KernelDistanceOptions,
  kernelDistanceSteps,
  kernelRequests,
} from "./kernel.ts";

/**
 * The kernel distance with its products computed on the open engine, in float32 as in
 * torch-fidelity.
 */
export async function kernelDistanceOnEngine(
  a: Features,
  b: Features,
  options: KernelDistanceOptions,
  progress: EvaluationProgress,
): Promise<KernelDistance> {
  progress.phase("kernel distance", kernelRequests(rowCount(a), rowCount(b), options), "products");
  const steps = kernelDistanceSteps(a, b, options);
  let step = steps.next();
  for (let done = 1; !step.done; done++) {
    const { x, y } = step.value;
    const products = tf.tidy(() => tf.matMul(single(x), single(y), false, true));
    const values = await products.data();
    products.dispose();
    step = steps.next(values);
    freeArray(values);
    progress.update(done);
    if (done % 10 === 0) await nextTask();
  }
  return step.value;
}

function single(features: Features): tf.Tensor2D {
  const { values, columns } = features;
  return tf.tensor2d(values instanceof Float32Array ? values : Float32Array.from(values), [
    rowCount(features),
    columns,
  ]);
}
