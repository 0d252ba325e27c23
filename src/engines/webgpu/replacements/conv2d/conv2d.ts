// Convolutions on WebGPU as matrix products, forward and both gradients, without storing the matrix
// of patches. tfjs uses one thread per weight for the filter's gradient, and adds small results
// with atomics, in a different order each time.
import * as tf from "@tensorflow/tfjs";
import { type Factor, multiply } from "../matmul/gemm.ts";
import { attributesOf, replaceKernel, runStock, type StockKernel } from "../replace.ts";
import { sizes4 } from "../../../../../kernels/shared/ranks.ts";
import { inputOf, type KernelCall } from "../../../../../kernels/shared/wgsl.ts";
import filterGrad from "./filter_grad.wgsl" with { type: "text" };
import forward from "./forward.wgsl" with { type: "text" };
import geometryCode from "./geometry.wgsl" with { type: "text" };
import inputGrad from "./input_grad.wgsl" with { type: "text" };

type Shape4 = readonly [number, number, number, number];

/** The gradients have no dilations. */
type Attributes = Omit<tf.Conv2DAttrs, "dilations"> & Partial<tf.Conv2DAttrs>;

/** The convolution's sizes, or null if this kernel does not support its layout. */
function geometry(call: KernelCall, xShape: Shape4, filterShape: Shape4) {
  const { strides, pad, dataFormat, dilations, dimRoundingMode } = attributesOf<Attributes>(call);
  if ((dataFormat ?? "NHWC") !== "NHWC") return null;
  const info = tf.backend_util.computeConv2DInfo(
    [...xShape],
    [...filterShape],
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    false,
    "channelsLast",
  );
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  return {
    inputs: inChannels,
    outputs: outChannels,
    taps: info.filterHeight * info.filterWidth,
    inputPixels: batchSize * inHeight * inWidth,
    outputPixels: batchSize * outHeight * outWidth,
    outputShape: info.outShape,
    constants: {
      HEIGHT: inHeight,
      WIDTH: inWidth,
      INPUTS: inChannels,
      OUTPUT_HEIGHT: outHeight,
      OUTPUT_WIDTH: outWidth,
      OUTPUTS: outChannels,
      FILTER_WIDTH: info.filterWidth,
      STRIDE_DOWN: info.strideHeight,
      STRIDE_ACROSS: info.strideWidth,
      DILATION_DOWN: info.dilationHeight,
      DILATION_ACROSS: info.dilationWidth,
      PADDING_TOP: info.padInfo.top,
      PADDING_LEFT: info.padInfo.left,
    },
  };
}

function factor(tensor: tf.TensorInfo, alongDepth: boolean, neighbours: number): Factor {
  return { tensor, alongDepth, inFours: neighbours % 4 === 0 };
}

/** Conv2D, and FusedConv2D with a per-channel bias and either no activation or relu. */
function convolve(call: KernelCall, stock: StockKernel): tf.TensorInfo {
  const x = inputOf(call, "x");
  const filter = inputOf(call, "filter");
  const bias = call.inputs["bias"];
  const { activation = "linear" } = attributesOf<Partial<tf.FusedConv2DAttrs>>(call);
  const sizes = geometry(call, sizes4(x.shape), sizes4(filter.shape));
  const biasFits = bias === undefined ||
    (sizes !== null && tf.util.sizeFromShape(bias.shape) === sizes.outputs);
  if (!sizes || !biasFits || !["linear", "relu"].includes(activation)) return runStock(stock, call);
  const { inputs, outputs, taps, outputPixels, outputShape, constants } = sizes;
  return multiply(call.backend, {
    name: "Conv2D",
    code: geometryCode + forward,
    a: factor(x, true, inputs),
    b: factor(filter, false, outputs),
    ...(bias ? { bias } : {}),
    relu: activation === "relu",
    batch: 1,
    rows: outputPixels,
    columns: outputs,
    depth: taps * inputs,
    constants,
    shape: outputShape,
  });
}

/** Replaces tfjs's kernels. */
export function register(): void {
  replaceKernel("Conv2D", convolve);
  replaceKernel("FusedConv2D", convolve);
  replaceKernel("Conv2DBackpropInput", (call, stock) => {
    const { inputShape } = attributesOf<tf.Conv2DBackpropInputAttrs>(call);
    const dy = inputOf(call, "dy");
    const filter = inputOf(call, "filter");
    const sizes = geometry(call, inputShape, sizes4(filter.shape));
    if (!sizes) return runStock(stock, call);
    const { inputs, outputs, taps, inputPixels, constants } = sizes;
    return multiply(call.backend, {
      name: "Conv2DBackpropInput",
      code: geometryCode + inputGrad,
      a: factor(dy, true, outputs),
      b: factor(filter, true, outputs),
      batch: 1,
      rows: inputPixels,
      columns: inputs,
      depth: taps * outputs,
      constants,
      shape: inputShape,
    });
  });
  replaceKernel("Conv2DBackpropFilter", (call, stock) => {
    const { filterShape } = attributesOf<tf.Conv2DBackpropFilterAttrs>(call);
    const x = inputOf(call, "x");
    const dy = inputOf(call, "dy");
    const sizes = geometry(call, sizes4(x.shape), filterShape);
    if (!sizes) return runStock(stock, call);
    const { inputs, outputs, taps, outputPixels, constants } = sizes;
    return multiply(call.backend, {
      name: "Conv2DBackpropFilter",
      code: geometryCode + filterGrad,
      a: factor(x, false, inputs),
      b: factor(dy, false, outputs),
      batch: 1,
      rows: taps * inputs,
      columns: outputs,
      depth: outputPixels,
      constants,
      shape: filterShape,
    });
  });
}
