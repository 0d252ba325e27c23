/**
 * Two convolutions, each with GroupNorm and GELU: the main building block of the network. The GELUs
 * are plain (architectures A, B) or alias-free (C, D).
 */
import * as tf from "@tensorflow/tfjs";
import { convolve } from "../../kernels/convolution/mod.ts";
import { gelu } from "../../kernels/gelu/mod.ts";
import { groupNorm } from "../../kernels/group_norm/mod.ts";
import { rank1, rank4, sizes3 } from "../../kernels/shared/ranks.ts";
import type { Padding } from "../filters/mod.ts";
import { filterConstant, filteredGelu, type Filters } from "./filters.ts";
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
  /** With filters: whether half of what they remove goes around the nonlinearities. */
  bypass: boolean;
  /** What lies beyond the border for the first convolution and for the second. */
  padding: [first: Padding, second: Padding];
  /** The side of the image. */
  size: number;
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
  constants: ({ filters, size }) =>
    filters ? [filterConstant("up", filters, size), filterConstant("down", filters, size)] : [],
  outputShape([image], { outputs }) {
    const [height, width] = sizes3(image);
    return [height, width, outputs];
  },
  apply([input], tensors, options) {
    const { filters, normInside, residual, bypass, padding } = options;
    const names = namesOf(options);
    const x = rank4(input);
    const norm1 = normOf(tensors, names.norm1);
    const norm2 = normOf(tensors, names.norm2);
    const nonlinearity = (y: tf.Tensor4D, norm?: Norm): tf.Tensor4D => {
      if (!filters) return gelu(y);
      return filteredGelu(y, tensors, { filters, bypass, ...(norm ? { norm } : {}) });
    };
    const weight = (name: string) => rank4(tensors.parameter(`${name}.weight`));
    let y = convolve(x, weight(names.conv1), padding[0]);
    y = normInside ? nonlinearity(y, norm1) : nonlinearity(groupNorm(y, norm1.scale, norm1.offset));
    if (residual) y = tensors.dropped(y);
    y = groupNorm(convolve(y, weight(names.conv2), padding[1]), norm2.scale, norm2.offset);
    return residual ? nonlinearity(tf.add(x, y), normInside ? norm2 : undefined) : y;
  },
};
