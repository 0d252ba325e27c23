/** The section `training` of the schema. */
import { z } from "zod";
import { doc, integer, many, number, path, positive } from "./schema_words.ts";

/** How far images move at random, as two fields. */
const motion = (images: string) => ({
  shift: number(
    0,
    64,
    `${images} shifted by up to this many pixels, fractions too, and wrap around.`,
  )
    .default(0),
  turn: number(0, 180, `${images} rotated by up to this many degrees in either direction.`).default(
    0,
  ),
});

/** How the network is trained. */
export const training = z.strictObject({
  epochs: doc(
    z.number().gt(0).max(1_000_000).nullable(),
    "Passes over the data. Default: 100; null if images is set.",
  )
    .optional(),
  images: doc(
    z.int().min(1).max(1e12).nullable(),
    "Number of images that training sees, instead of epochs.",
  ).default(null),
  batchSize: integer(1, 65_536, "Images per step.").default(16),
  learningRate: positive(10, "AdamW's learning rate.").default(3e-4),
  weightDecay: number(0, 10, "AdamW's decoupled weight decay.").default(0.01),
  beta1: number(0, 0.999999, "AdamW's decay of the gradient's mean.").default(0.9),
  beta2: number(0, 0.99999999, "AdamW's decay of the squared gradient's mean.").default(0.999),
  epsilon: positive(1, "AdamW's epsilon.").default(1e-8),
  warmupSteps: integer(0, many, "Steps in which the learning rate rises from zero.").default(0),
  decay: doc(
    z.enum(["none", "linear", "cosine"]),
    "How the learning rate falls to zero at the end.",
  ).default("none"),
  decayFraction: doc(
    z.number().gt(0).max(1).nullable(),
    "Final fraction of training in which the learning rate falls. Default: 1 (all of it); null without decay.",
  ).optional(),
  emaDecay: doc(
    z.number().min(0).lt(1).nullable(),
    "Decay of the weights' moving average: min(emaDecay, (1 + step) / (10 + step)); null: no average.",
  ).default(null),
  labelDropout: doc(
    z.number().min(0).max(1).nullable(),
    "With classes: fraction of labels dropped in training, which guidance needs. Default: 0.1; null without classes.",
  ).optional(),
  accumulate: doc(
    z.int().min(1).max(65_536),
    "Compute the gradient of each batch in this many parts: the memory of one part, the result of the whole batch. Default: 1.",
  ).optional(),
  clipNorm: doc(
    z.number().gt(0).max(1e9).nullable(),
    "Maximum norm of all gradients together; larger gradients are scaled down to it. Default: null (no clipping).",
  ).optional(),
  dropout: doc(
    z.number().min(0).max(0.99),
    "Fraction of the values dropped in each residual block, in training only. Default: 0.",
  ).optional(),
  augment: doc(
    z.strictObject(motion("Training images are")),
    "Shift and rotate each training image at random. Default: neither.",
  ).optional(),
  equivariance: doc(
    z.strictObject({
      weight: number(0, 1e6, "Weight of this loss relative to the denoising loss; 0: none.")
        .default(0),
      ...motion("Noisy images are"),
    }),
    "Add the loss |f(Tx) - Tf(x)|^2 for a random motion T of each noisy image x. Default: none.",
  ).optional(),
  previewEveryEpochs: doc(
    z.int().min(1).max(many).nullable(),
    "Draw eight images every this many epochs; null: never.",
  )
    .default(1),
  previewSampler: doc(
    z.enum(["fast", "published"]),
    "fast: previews take 25 steps of DPM-Solver++, clipped, and at most 3 % of the training time. published: previews are drawn as `sampling` says.",
  ).default("fast"),
  from: doc(
    path.nullable(),
    "A finished bundle whose training continues here for more epochs: its digest, or its path relative to the current folder; null: train from scratch.",
  ).default(null),
});
