/**
 * The Inception network that defines FID, KID and IS: torch-fidelity's inception-v3-compat, the
 * network of 2015-12-05 with its two peculiarities (average pooling that does not count its
 * padding, and a maximum in the last block).
 *
 * Each convolution is followed by a batch normalization with fixed statistics and ReLU; the
 * normalization is folded into the weights when they are loaded. Convolutions of one size that read
 * the same input run as one.
 *
 * Sources: Szegedy et al., "Rethinking the Inception architecture for computer vision" (2015),
 * figures 5 to 7, 10; Heusel et al. (2017) for its use; the names of the weights are those of the
 * published file.
 */
import * as tf from "@tensorflow/tfjs";
import { inBatchParts } from "../../kernels/shared/batch_parts.ts";
import { UserError } from "../messages/errors.ts";
import { freeArray, type TensorData, toFloat32 } from "../formats/tensors.ts";

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
/** Added to each variance. */
const epsilon = 0.001;

type Shape4 = [outputs: number, inputs: number, height: number, width: number];

interface Convolution {
  filter: tf.Tensor4D;
  bias: tf.Tensor1D;
  /** Output channels of each convolution that is joined in this one. */
  widths: number[];
}

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

function buildWeights(state: ReadonlyMap<string, TensorData>) {
  // Everything is checked before the engine gets anything: wrong weights need no engine and leave
  // nothing behind.
  checkWeight(state, "fc.weight", [1008, 2048]);
  for (const [names, inputs, outputs, size] of convolutionTable()) {
    names.forEach((name, i) => checkConvolution(state, name, [outputs[i]!, inputs, ...size]));
  }
  const rows = named(state, "fc.weight");
  const dense = tf.tidy(() => tf.keep(tf.tensor2d(rows, [1008, 2048]).transpose()) as tf.Tensor2D);
  freeArray(rows);
  const convolutions = new Map<string, Convolution>();
  for (const [names, inputs, outputs, size] of convolutionTable()) {
    const parts = names.map((name, i) =>
      foldNormalization(state, name, [outputs[i]!, inputs, ...size])
    );
    convolutions.set(
      names.join(" "),
      tf.tidy(() => ({
        filter: tf.keep(
          tf.transpose(tf.concat(parts.map((p) => tf.tensor4d(p.filter, p.shape))), [2, 3, 1, 0]),
        ),
        bias: tf.keep(tf.concat(parts.map((part) => tf.tensor1d(part.bias)))),
        widths: outputs,
      })),
    );
    for (const { filter } of parts) freeArray(filter);
  }
  return { convolutions, dense };
}

/** The convolution's own part of the names, and those of its batch normalization. */
const normalization = ["weight", "bias", "running_mean", "running_var"] as const;

function checkConvolution(state: ReadonlyMap<string, TensorData>, name: string, shape: Shape4) {
  checkWeight(state, `${name}.conv.weight`, shape);
  for (const part of normalization) checkWeight(state, `${name}.bn.${part}`, [shape[0]]);
}

function checkWeight(
  state: ReadonlyMap<string, TensorData>,
  name: string,
  shape: readonly number[],
) {
  const tensor = state.get(name);
  if (tensor?.shape.join() === shape.join() && tensor.data.length > 0) return;
  throw new UserError(
    `the Inception weights hold ${
      tensor ? `${name} as ${tensor.shape.join(" x ")}` : `no ${name}`
    }, ` +
      `where ${
        shape.join(" x ")
      } is expected: this is not torch-fidelity's weights-inception-2015-12-05-6726825d.pth`,
  );
}

/** The values of a checked tensor. */
function named(state: ReadonlyMap<string, TensorData>, name: string): Float32Array {
  return toFloat32(state.get(name)!);
}

/** Weights (OIHW) and bias of a convolution, including its batch normalization. */
function foldNormalization(state: ReadonlyMap<string, TensorData>, name: string, shape: Shape4) {
  const outputs = shape[0];
  const weight = named(state, `${name}.conv.weight`);
  const [scale, offset, mean, variance] = normalization.map((part) =>
    named(state, `${name}.bn.${part}`)
  ) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const factor = Float64Array.from(scale, (s, o) => s / Math.sqrt(variance[o]! + epsilon));
  const each = weight.length / outputs;
  const filter = weight.map((w, i) => w * factor[Math.floor(i / each)]!);
  freeArray(weight);
  return {
    shape,
    filter,
    bias: Float32Array.from(offset, (b, o) => b - mean[o]! * factor[o]!),
  };
}

type Row = [
  names: string[],
  inputs: number,
  outputs: number[],
  size: [height: number, width: number],
];

/** Every convolution of the network: those in one row read the same input and are joined. */
function convolutionTable(): Row[] {
  const rows: Row[] = [
    [["Conv2d_1a_3x3"], 3, [32], [3, 3]],
    [["Conv2d_2a_3x3"], 32, [32], [3, 3]],
    [["Conv2d_2b_3x3"], 32, [64], [3, 3]],
    [["Conv2d_3b_1x1"], 64, [80], [1, 1]],
    [["Conv2d_4a_3x3"], 80, [192], [3, 3]],
  ];
  const block = (block: string, list: Row[]) => {
    for (const [names, ...rest] of list) {
      rows.push([names.map((name) => `${block}.${name}`), ...rest]);
    }
  };
  for (
    const [name, inputs, pool] of [["Mixed_5b", 192, 32], ["Mixed_5c", 256, 64], [
      "Mixed_5d",
      288,
      64,
    ]] as const
  ) {
    block(name, [
      [["branch1x1", "branch5x5_1", "branch3x3dbl_1"], inputs, [64, 48, 64], [1, 1]],
      [["branch5x5_2"], 48, [64], [5, 5]],
      [["branch3x3dbl_2"], 64, [96], [3, 3]],
      [["branch3x3dbl_3"], 96, [96], [3, 3]],
      [["branch_pool"], inputs, [pool], [1, 1]],
    ]);
  }
  block("Mixed_6a", [
    [["branch3x3"], 288, [384], [3, 3]],
    [["branch3x3dbl_1"], 288, [64], [1, 1]],
    [["branch3x3dbl_2"], 64, [96], [3, 3]],
    [["branch3x3dbl_3"], 96, [96], [3, 3]],
  ]);
  for (
    const [name, c] of [["Mixed_6b", 128], ["Mixed_6c", 160], ["Mixed_6d", 160], [
      "Mixed_6e",
      192,
    ]] as const
  ) {
    block(name, [
      [["branch1x1", "branch7x7_1", "branch7x7dbl_1"], 768, [192, c, c], [1, 1]],
      [["branch7x7_2"], c, [c], [1, 7]],
      [["branch7x7_3"], c, [192], [7, 1]],
      [["branch7x7dbl_2"], c, [c], [7, 1]],
      [["branch7x7dbl_3"], c, [c], [1, 7]],
      [["branch7x7dbl_4"], c, [c], [7, 1]],
      [["branch7x7dbl_5"], c, [192], [1, 7]],
      [["branch_pool"], 768, [192], [1, 1]],
    ]);
  }
  block("Mixed_7a", [
    [["branch3x3_1", "branch7x7x3_1"], 768, [192, 192], [1, 1]],
    [["branch3x3_2"], 192, [320], [3, 3]],
    [["branch7x7x3_2"], 192, [192], [1, 7]],
    [["branch7x7x3_3"], 192, [192], [7, 1]],
    [["branch7x7x3_4"], 192, [192], [3, 3]],
  ]);
  for (const [name, inputs] of [["Mixed_7b", 1280], ["Mixed_7c", 2048]] as const) {
    block(name, [
      [["branch1x1", "branch3x3_1", "branch3x3dbl_1"], inputs, [320, 384, 448], [1, 1]],
      [["branch3x3_2a"], 384, [384], [1, 3]],
      [["branch3x3_2b"], 384, [384], [3, 1]],
      [["branch3x3dbl_2"], 448, [384], [3, 3]],
      [["branch3x3dbl_3a"], 384, [384], [1, 3]],
      [["branch3x3dbl_3b"], 384, [384], [3, 1]],
      [["branch_pool"], inputs, [192], [1, 1]],
    ]);
  }
  return rows;
}

type Way = (x: tf.Tensor4D) => tf.Tensor4D;

function forward(
  convolutions: ReadonlyMap<string, Convolution>,
  dense: tf.Tensor2D,
  images: tf.Tensor4D,
): InceptionOutput {
  /** Joined convolutions with ReLU; returns the part of the result for each. */
  const joined = (names: string[]) => (x: tf.Tensor4D): tf.Tensor4D[] => {
    const { filter, bias, widths } = convolutions.get(names.join(" "))!;
    return tf.split(
      tf.fused.conv2d({ x, filter, strides: 1, pad: "same", bias, activation: "relu" }),
      widths,
      3,
    );
  };
  const conv = (name: string, pad: "same" | "valid" = "same", strides = 1): Way => (x) => {
    const { filter, bias } = convolutions.get(name)!;
    return tf.fused.conv2d({ x, filter, strides, pad, bias, activation: "relu" });
  };
  const chain = (...ways: Way[]): Way => (x) => ways.reduce((value, way) => way(value), x);
  const maxPool: Way = (x) => tf.maxPool(x, 3, 2, "valid");
  /**
   * The pooled branch. A 1x1 convolution and an average that does not count its padding commute,
   * and after the convolution there are fewer channels to average.
   */
  const averagedBranch = (name: string): Way => (x) => {
    const { filter, bias } = convolutions.get(name)!;
    return tf.relu(
      tf.avgPool(tf.fused.conv2d({ x, filter, strides: 1, pad: "same", bias }), 3, 1, "same"),
    );
  };
  /** A block: the heads read the input together, then each branch continues separately. */
  const block = (name: string, heads: Record<string, Way>, others: Way[]): Way => (x) => {
    const ways = Object.values(heads);
    const parts = joined(Object.keys(heads).map((head) => `${name}.${head}`))(x);
    return tf.concat(
      [...parts.map((part, i) => ways[i]!(part)), ...others.map((way) => way(x))],
      3,
    );
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
