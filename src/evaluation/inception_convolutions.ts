/**
 * The Inception network's weights. Each convolution is followed by a batch normalization with fixed
 * statistics and ReLU; the normalization is folded into the weights. Convolutions of one size that
 * read the same input are joined and run as one.
 */
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../messages/errors.ts";
import { freeArray, type TensorData, toFloat32 } from "../formats/tensors.ts";

/** Added to each variance. */
const epsilon = 0.001;

type Shape4 = [outputs: number, inputs: number, height: number, width: number];

/** A convolution, or several that are joined, on the open engine. */
export interface Convolution {
  filter: tf.Tensor4D;
  bias: tf.Tensor1D;
  /** Output channels of each convolution that is joined in this one. */
  widths: number[];
}

/**
 * Puts the weights on the open engine, and frees those of `state`.
 *
 * @throws UserError if a tensor is missing or has another shape
 */
export function buildWeights(state: ReadonlyMap<string, TensorData>) {
  // Check everything first, so that wrong weights leave nothing on the engine.
  checkWeight(state, "fc.weight", [1008, 2048]);
  for (const [names, inputs, outputs, size] of convolutionTable()) {
    names.forEach((name, i) => checkConvolution(state, name, [outputs[i]!, inputs, ...size]));
  }
  const rows = named(state, "fc.weight");
  const dense = tf.tidy(() => tf.keep(tf.transpose(tf.tensor2d(rows, [1008, 2048]))));
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
  const fault = tensor
    ? `${name} has the shape ${tensor.shape.join(" x ")} instead of ${shape.join(" x ")}`
    : `${name} is missing`;
  throw new UserError(
    `the Inception weights do not fit: ${fault}; this is not torch-fidelity's ` +
      "weights-inception-2015-12-05-6726825d.pth",
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
  const part = (part: (typeof normalization)[number]) => named(state, `${name}.bn.${part}`);
  const scale = part("weight");
  const offset = part("bias");
  const mean = part("running_mean");
  const variance = part("running_var");
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
  const blocksA = [["Mixed_5b", 192, 32], ["Mixed_5c", 256, 64], ["Mixed_5d", 288, 64]] as const;
  for (const [name, inputs, pool] of blocksA) {
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
  const blocksC = [
    ["Mixed_6b", 128],
    ["Mixed_6c", 160],
    ["Mixed_6d", 160],
    ["Mixed_6e", 192],
  ] as const;
  for (const [name, c] of blocksC) {
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
