/** The loss of a step and its gradient, as functions of tensors that an engine's `jit` records. */
import * as tf from "@tensorflow/tfjs";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { randomNormal } from "../../kernels/random_normal/mod.ts";
import { motionNumbers } from "../../kernels/rotate/mod.ts";
import { rank1, rank2, rank4 } from "../../kernels/shared/ranks.ts";
import { denoisingLoss, type NoisePredictor } from "../diffusion/mod.ts";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { dropoutCounters, type DropoutMasks, dropoutMasks } from "../unet/dropout.ts";
import type { UNet } from "../unet/mod.ts";
import type { Batch } from "./batches.ts";
import { denoisingAndEquivariance } from "./equivariance.ts";

/** The losses of a batch, and the gradient of their weighted sum. */
export interface BatchGradient {
  /** The denoising loss; with training.equivariance, of shape [2], followed by that loss. */
  losses: tf.Tensor;
  /** By the parameters' names; parameters that the network does not use have none. */
  gradients: Map<string, tf.Tensor>;
}

/**
 * A batch, or some of its images, as the tensors that {@link gradientOf} takes: the noise's
 * counter, images, timesteps, and labels, motions and counters of dropout if the spec needs them.
 *
 * @param step the index of the step in the training
 * @param first the index of the first image
 * @param size the number of images
 */
export function batchTensors(
  { images, timesteps, labels, motions }: Batch,
  { imageSize, channels, training }: ResolvedSpec,
  { plan }: Pick<UNet, "plan">,
  { step, first, size }: { step: number; first: number; size: number },
): tf.Tensor[] {
  const elements = imageSize ** 2 * channels;
  const end = first + size;
  // Image sizes are multiples of 8, so an image's noise is a whole number of blocks of four.
  const counter = Int32Array.of(first * elements / 4, 0, step, Math.floor(step / 2 ** 32));
  const passes = training.dropout ? (motions ? [0, 1] : [0]) : [];
  return [
    tf.tensor1d(counter, "int32"),
    tf.tensor4d(images.subarray(first * elements, end * elements), [
      size,
      imageSize,
      imageSize,
      channels,
    ]),
    tf.tensor1d(timesteps.subarray(first, end), "int32"),
    ...(labels ? [tf.tensor1d(labels.subarray(first, end), "int32")] : []),
    ...(motions ? [tf.tensor2d(motionNumbers(motions.slice(first, end)), [size, 8])] : []),
    ...passes.map((pass) => {
      const counters = dropoutCounters(plan, { step, first, pass });
      return tf.tensor2d(counters, [counters.length / 4, 4], "int32");
    }),
  ];
}

/**
 * A function of the noise's key and the tensors of {@link batchTensors} that computes the gradient
 * of the network's loss.
 *
 * @param factors from `noisingFactors`
 */
export function gradientOf(
  spec: ResolvedSpec,
  unet: UNet,
  factors: tf.Tensor2D,
): (key: tf.Tensor, tensors: tf.Tensor[]) => BatchGradient {
  const { seed, classes, training: { dropout, equivariance } } = spec;
  const variables = [...unet.parameters.values()];
  return (key, [counter, images, timesteps, ...rest]) => {
    const x = rank4(images);
    const t = rank1(timesteps);
    const noise = randomNormal<tf.Rank.R4>(x.shape, rank1(key), rank1(counter));
    const label = classes === null ? undefined : rank1(rest.shift());
    const motions = equivariance ? rank2(rest.shift()) : null;
    const predict = dropout
      ? withMasks(unet, rest.map((counters) => masksOf(counters, x.shape[0], dropout)))
      : unet.apply;
    if (!equivariance || !motions) {
      const { value, grads } = tf.variableGrads(
        () => denoisingLoss(predict, factors, x, noise, t, label),
        variables,
      );
      return { losses: value, gradients: named(grads) };
    }
    let parts: tf.Scalar[] = [];
    const { value, grads } = tf.variableGrads(() => {
      const losses = denoisingAndEquivariance(
        predict,
        { factors, x, noise, t, label },
        motions,
        equivariance.turn > 0,
      );
      parts = [tf.keep(losses.denoising), tf.keep(losses.equivariance)];
      return losses.denoising.add(losses.equivariance.mul(equivariance.weight));
    }, variables);
    const losses = tf.stack(parts);
    tf.dispose([value, ...parts]);
    return { losses, gradients: named(grads) };
  };

  function masksOf(counters: tf.Tensor, batch: number, rate: number): DropoutMasks {
    const key = tf.tensor1d(philoxKey(seed, "dropout"), "int32");
    return dropoutMasks(unet.plan, batch, rate, key, rank2(counters));
  }

  function named(grads: tf.NamedTensorMap): Map<string, tf.Tensor> {
    return new Map(
      [...unet.parameters].flatMap(([name, parameter]) => {
        const gradient = grads[parameter.name];
        return gradient ? [[name, gradient] as const] : [];
      }),
    );
  }
}

/** The network with the masks of one pass, or of several passes that are one batch. */
function withMasks(unet: UNet, passes: DropoutMasks[]): NoisePredictor {
  const names = [...passes[0]?.keys() ?? []];
  const masks = new Map(
    names.map((name) => [name, rank4(tf.concat(passes.map((masks) => masks.get(name)!)))]),
  );
  return (x, t, label) => unet.apply(x, t, label, masks);
}
