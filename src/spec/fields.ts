/**
 * What each field of a spec affects. Digests, shared models and messages all use this one list. A
 * field that is added to the spec without a line here does not compile.
 */
import type { ResolvedSpec } from "./resolved.ts";

/**
 * What a field affects.
 *
 * - `data`: which images there are and what their pixels are. The data digest covers all of it.
 * - `model`: the network.
 * - `training`: the course of the training.
 * - `parent`: the finished training that this one continues. Its bundle's digest covers it.
 * - `watching`: what is shown during training; no weight depends on it.
 * - `sampling`, `evaluation`: what is done with the trained model.
 */
export type Decides =
  | "data"
  | "model"
  | "training"
  | "parent"
  | "watching"
  | "sampling"
  | "evaluation";

type Named = {
  [Key in keyof ResolvedSpec as Key extends `x-${string}` ? never : Key]: ResolvedSpec[Key];
};
type Leaves<T, Prefix extends string = ""> = {
  [Key in keyof T & string]: NonNullable<T[Key]> extends readonly unknown[] ? `${Prefix}${Key}`
    : NonNullable<T[Key]> extends object ? Leaves<NonNullable<T[Key]>, `${Prefix}${Key}.`>
    : `${Prefix}${Key}`;
}[keyof T & string];

/** The dotted name of a field, such as `training.epochs`. */
export type Field = Leaves<Named>;

/** What every field affects. */
export const fields: Record<Field, Decides> = {
  "architecture": "model",
  "kaiserBeta": "model",
  "normalized": "model",
  "normInside": "model",
  "kernelSize": "model",
  "gain": "model",
  "cutoff.down": "model",
  "cutoff.up": "model",
  "filter.kind": "model",
  "filter.transition": "model",
  "filter.bypass": "model",
  "padding": "model",
  "position": "model",
  "dataset": "data",
  "data.limit": "data",
  "data.digest": "data",
  "data.fit": "data",
  "data.flip": "training",
  "data.path": "data",
  "data.labels": "data",
  "imageSize": "model",
  "channels": "model",
  "baseWidth": "model",
  "classes": "model",
  "seed": "training",
  "noise.steps": "training",
  "noise.start": "training",
  "noise.end": "training",
  "noise.schedule": "training",
  "precision": "training",
  "training.epochs": "training",
  "training.images": "training",
  "training.batchSize": "training",
  "training.learningRate": "training",
  "training.weightDecay": "training",
  "training.beta1": "training",
  "training.beta2": "training",
  "training.epsilon": "training",
  "training.warmupSteps": "training",
  "training.decay": "training",
  "training.decayFraction": "training",
  "training.emaDecay": "training",
  "training.labelDropout": "training",
  "training.accumulate": "training",
  "training.clipNorm": "training",
  "training.dropout": "training",
  "training.augment.shift": "training",
  "training.augment.turn": "training",
  "training.equivariance.weight": "training",
  "training.equivariance.shift": "training",
  "training.equivariance.turn": "training",
  "training.previewEveryEpochs": "watching",
  "training.previewSampler": "watching",
  "training.from": "parent",
  "sampling.sampler": "sampling",
  "sampling.steps": "sampling",
  "sampling.eta": "sampling",
  "sampling.variance": "sampling",
  "sampling.clip": "sampling",
  "sampling.count": "sampling",
  "sampling.batchSize": "sampling",
  "sampling.guidance": "sampling",
  "sampling.labels": "sampling",
  "sampling.rotation": "sampling",
  "sampling.shift.columns": "sampling",
  "sampling.shift.rows": "sampling",
  "sampling.shift.rule": "sampling",
  "sampling.motion": "sampling",
  "sampling.noise": "sampling",
  "evaluation.metrics": "evaluation",
  "evaluation.kidSubsets": "evaluation",
  "evaluation.kidSubsetSize": "evaluation",
  "evaluation.isSplits": "evaluation",
  "evaluation.everyEpochs": "watching",
  "evaluation.equivariance": "watching",
};

/** The fields that the weights depend on, apart from the images and the parent. */
export const trainedBy: readonly Field[] = (Object.keys(fields) as Field[]).filter((field) =>
  fields[field] === "model" || fields[field] === "training"
);
