/**
 * Two convolutions, each with GroupNorm and GELU: the main building block of the network. The GELUs
 * are plain (architectures A, B) or alias-free (C, D).
 */
import * as tf from "@tensorflow/tfjs";
import { aliasFreeGelu } from "../../kernels/alias_free_gelu/mod.ts";
import { gelu } from "../../kernels/gelu/mod.ts";
import { groupNorm } from "../../kernels/group_norm/mod.ts";
import { rank1, rank2, rank4 } from "../../kernels/shared/ranks.ts";
import { filterConstant, type Filters } from "./filters.ts";
import { convolutionWeight, type Layer, type LayerTensors, normParameters } from "./layer.ts";

/** Options of {@link doubleConvolution}. */
export interface DoubleConvolutionOptions {
  inputs: number;
  middle: number;
  outputs: number;
  /** Whether to return GELU(x + output) instead of the output. */
  residual: boolean;
  /** The filters of the alias-free GELUs; null for plain GELUs. */
  filters: Filters | null;
  /** With filters: whether the GroupNorm comes after the upsampling, just before GELU. */
  normInside: boolean;
}

/** The layer's parameter names, as published. */
function namesOf({ filters }: DoubleConvolutionOptions) {
  return filters ? { conv1: "conv1", norm1: "norm1", conv2: "conv2", norm2: "norm2" } : {
    conv1: "double_conv.0",
    norm1: "double_conv.1",
    conv2: "double_conv.3",
    norm2: "double_conv.4",
  };
}

interface Norm {
  scale: tf.Tensor1D;
  offset: tf.Tensor1D;
}

function normOf({ parameter }: LayerTensors, name: string): Norm {
  return {
    scale: rank1(parameter(`${name}.weight`)),
    offset: rank1(parameter(`${name}.bias`)),
  };
}

function convolve(x: tf.Tensor4D, { parameter }: LayerTensors, name: string): tf.Tensor4D {
  return tf.conv2d(x, rank4(parameter(`${name}.weight`)), 1, "same");
}

/**
 * conv3x3 - GroupNorm - GELU - conv3x3 - GroupNorm; if `residual`, GELU(x + that). With
 * `normInside`, both GELUs contain the GroupNorm that precedes them. As published, the residual
 * form then uses the second GroupNorm twice.
 */
export const doubleConvolution: Layer<DoubleConvolutionOptions> = {
  name: "double-convolution",
  parameters(options) {
    const { inputs, middle, outputs } = options;
    const names = namesOf(options);
    return [
      convolutionWeight(`${names.conv1}.weight`, inputs, middle, 3),
      ...normParameters(names.norm1, middle),
      convolutionWeight(`${names.conv2}.weight`, middle, outputs, 3),
      ...normParameters(names.norm2, outputs),
    ];
  },
  constants: ({ filters }) =>
    filters ? [filterConstant("up", filters), filterConstant("down", filters)] : [],
  outputShape: ([image], { outputs }) => [image![0]!, image![1]!, outputs],
  apply([input], tensors, options) {
    const { filters, normInside, residual } = options;
    const names = namesOf(options);
    const x = rank4(input);
    const norm1 = normOf(tensors, names.norm1);
    const norm2 = normOf(tensors, names.norm2);
    const nonlinearity = (y: tf.Tensor4D, norm?: Norm): tf.Tensor4D => {
      if (!filters) return gelu(y);
      const up = rank2(tensors.constant("up"));
      const down = rank2(tensors.constant("down"));
      return aliasFreeGelu(y, { up, down, ...(norm ? { norm } : {}) });
    };
    let y = convolve(x, tensors, names.conv1);
    y = normInside ? nonlinearity(y, norm1) : nonlinearity(groupNorm(y, norm1.scale, norm1.offset));
    y = groupNorm(convolve(y, tensors, names.conv2), norm2.scale, norm2.offset);
    return residual ? nonlinearity(tf.add(x, y), normInside ? norm2 : undefined) : y;
  },
};
