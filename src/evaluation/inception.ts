/**
 * The Inception network that defines FID, KID and IS: torch-fidelity's inception-v3-compat, the
 * network of 2015-12-05 with its two peculiarities (average pooling that does not count its
 * padding, and a maximum in the last block).
 *
 * Sources: Szegedy et al., "Rethinking the Inception architecture for computer vision" (2015),
 * figures 5 to 7, 10; Heusel et al. (2017) for its use; the names of the weights are those of the
 * published file. inception_convolutions.ts loads them.
 */
import * as tf from "@tensorflow/tfjs";
import { inBatchParts } from "../../kernels/shared/batch_parts.ts";
import type { TensorData } from "../formats/tensors.ts";
import { buildWeights, type Convolution } from "./inception_convolutions.ts";
import { entryOf, pairs } from "../collections/elements.ts";

/**
 * The network's output for a batch: features N x 2048, averaged over the last grid, and logits N x
 * 1008, without the bias.
 */
export type InceptionOutput = [features: tf.Tensor2D, logits: tf.Tensor2D];

/** The network with its weights on the open engine. */
export interface Inception {
  /** @param images N x H x W x 3 of whole numbers 0 ... 255, as float32 */
  apply(images: tf.Tensor4D): InceptionOutput;
  dispose(): void;
}

/** The side of the published network's input. */
const side = 299;

/**
 * Builds the network.
 *
 * @param state tensors by their published names, in PyTorch's shapes (OIHW); this takes ownership
 * and frees their memory
 * @throws UserError if a tensor is missing or has another shape
 */
export function buildInception(state: ReadonlyMap<string, TensorData>): Inception {
  // Kept out of the closures below, which would keep all of `state` alive.
  const { convolutions, dense } = buildWeights(state);
  return {
    apply: (images) =>
      tf.tidy(() => inBatchParts(images, [], (part) => forward(convolutions, dense, part))),
    dispose() {
      tf.dispose([...convolutions.values()].flatMap(({ filter, bias }) => [filter, bias]));
      dense.dispose();
    },
  };
}

type Way = (x: tf.Tensor4D) => tf.Tensor4D;

function forward(
  convolutions: ReadonlyMap<string, Convolution>,
  dense: tf.Tensor2D,
  images: tf.Tensor4D,
): InceptionOutput {
  /** Joined convolutions with ReLU; returns the part of the result for each. */
  const joined = (names: string[]) => (x: tf.Tensor4D): tf.Tensor4D[] => {
    const { filter, bias, widths } = entryOf(convolutions, names.join(" "));
    return tf.split(
      tf.fused.conv2d({ x, filter, strides: 1, pad: "same", bias, activation: "relu" }),
      widths,
      3,
    );
  };
  const conv = (name: string, pad: "same" | "valid" = "same", strides = 1): Way => (x) => {
    const { filter, bias } = entryOf(convolutions, name);
    return tf.fused.conv2d({ x, filter, strides, pad, bias, activation: "relu" });
  };
  const chain = (...ways: Way[]): Way => (x) => ways.reduce((value, way) => way(value), x);
  const maxPool: Way = (x) => tf.maxPool(x, 3, 2, "valid");
  /**
   * The pooled branch. A 1x1 convolution and an average that does not count its padding commute,
   * and after the convolution there are fewer channels to average.
   */
  const averagedBranch = (name: string): Way => (x) => {
    const { filter, bias } = entryOf(convolutions, name);
    return tf.relu(
      tf.avgPool(tf.fused.conv2d({ x, filter, strides: 1, pad: "same", bias }), 3, 1, "same"),
    );
  };
  /** A block: the heads read the input together, then each branch continues separately. */
  const block = (name: string, heads: Record<string, Way>, others: Way[]): Way => (x) => {
    const parts = joined(Object.keys(heads).map((head) => `${name}.${head}`))(x);
    const branches = pairs(parts, Object.values(heads)).map(([part, way]) => way(part));
    return tf.concat([...branches, ...others.map((way) => way(x))], 3);
  };
  const same: Way = (x) => x;
  const fork = (...ways: Way[]): Way => (x) => tf.concat(ways.map((way) => way(x)), 3);

  const a = (name: string) =>
    block(name, {
      branch1x1: same,
      branch5x5_1: conv(`${name}.branch5x5_2`),
      branch3x3dbl_1: chain(conv(`${name}.branch3x3dbl_2`), conv(`${name}.branch3x3dbl_3`)),
    }, [averagedBranch(`${name}.branch_pool`)]);
  const b = (name: string) =>
    fork(
      conv(`${name}.branch3x3`, "valid", 2),
      chain(
        conv(`${name}.branch3x3dbl_1`),
        conv(`${name}.branch3x3dbl_2`),
        conv(`${name}.branch3x3dbl_3`, "valid", 2),
      ),
      maxPool,
    );
  const c = (name: string) =>
    block(name, {
      branch1x1: same,
      branch7x7_1: chain(conv(`${name}.branch7x7_2`), conv(`${name}.branch7x7_3`)),
      branch7x7dbl_1: chain(...[2, 3, 4, 5].map((i) => conv(`${name}.branch7x7dbl_${i}`))),
    }, [averagedBranch(`${name}.branch_pool`)]);
  const d = (name: string) =>
    block(name, {
      branch3x3_1: conv(`${name}.branch3x3_2`, "valid", 2),
      branch7x7x3_1: chain(
        conv(`${name}.branch7x7x3_2`),
        conv(`${name}.branch7x7x3_3`),
        conv(`${name}.branch7x7x3_4`, "valid", 2),
      ),
    }, [maxPool]);
  const e = (name: string, pooled: Way) =>
    block(name, {
      branch1x1: same,
      branch3x3_1: fork(conv(`${name}.branch3x3_2a`), conv(`${name}.branch3x3_2b`)),
      branch3x3dbl_1: chain(
        conv(`${name}.branch3x3dbl_2`),
        fork(conv(`${name}.branch3x3dbl_3a`), conv(`${name}.branch3x3dbl_3b`)),
      ),
    }, [pooled]);

  // TensorFlow 1's resizing: source pixel = target pixel * size / 299, without half pixels.
  const resized = tf.image.resizeBilinear(images, [side, side], false, false);
  const grid = chain(
    conv("Conv2d_1a_3x3", "valid", 2),
    conv("Conv2d_2a_3x3", "valid"),
    conv("Conv2d_2b_3x3"),
    maxPool,
    conv("Conv2d_3b_1x1"),
    conv("Conv2d_4a_3x3", "valid"),
    maxPool,
    a("Mixed_5b"),
    a("Mixed_5c"),
    a("Mixed_5d"),
    b("Mixed_6a"),
    c("Mixed_6b"),
    c("Mixed_6c"),
    c("Mixed_6d"),
    c("Mixed_6e"),
    d("Mixed_7a"),
    e("Mixed_7b", averagedBranch("Mixed_7b.branch_pool")),
    e("Mixed_7c", chain((x) => tf.maxPool(x, 3, 1, "same"), conv("Mixed_7c.branch_pool"))),
  )(tf.div(tf.sub(resized, 128), 128));
  const features = tf.mean<tf.Tensor2D>(grid, [1, 2]);
  return [features, tf.matMul(features, dense)];
}
