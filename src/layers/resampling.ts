/** The layers that halve and double an image. They have no parameters. */
import * as tf from "@tensorflow/tfjs";
import { filteredDownsample } from "../../kernels/filtered_downsample/mod.ts";
import { filteredUpsample } from "../../kernels/filtered_upsample/mod.ts";
import { filterConstant, type Filters } from "./filters.ts";
import type { Layer, Shape } from "./layer.ts";

type Plain = Record<never, never>;

function halved([image]: Shape[]): Shape {
  const [height, width, channels] = image as [number, number, number];
  return [height / 2, width / 2, channels];
}

function doubled([image]: Shape[]): Shape {
  const [height, width, channels] = image as [number, number, number];
  return [2 * height, 2 * width, channels];
}

/** The maximum of each 2x2 block of pixels: architectures A and C. */
export const maxPooling: Layer<Plain> = {
  name: "max-pooling",
  parameters: () => [],
  constants: () => [],
  outputShape: halved,
  apply: ([x]) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid"),
};

/**
 * Bilinear interpolation that keeps the corner pixels (PyTorch's `align_corners=True`):
 * architectures A and C.
 */
export const bilinearUpsampling: Layer<Plain> = {
  name: "bilinear-upsampling",
  parameters: () => [],
  constants: () => [],
  outputShape: doubled,
  apply([x]) {
    const [, height, width] = x!.shape as [number, number, number, number];
    // The gradient of tfjs's cpu backend is correct for square images only. All images here are
    // square.
    return tf.image.resizeBilinear(x as tf.Tensor4D, [2 * height, 2 * width], true);
  },
};

/** Low-pass filter, then keep every second pixel: architectures B and D. */
export const filteredDownsampling: Layer<{ filters: Filters }> = {
  name: "filtered-downsampling",
  parameters: () => [],
  constants: ({ filters }) => [filterConstant("down", filters)],
  outputShape: halved,
  apply: ([x], { constant }) =>
    filteredDownsample(x as tf.Tensor4D, constant("down") as tf.Tensor2D),
};

/** Insert zeros between the pixels, then low-pass filter: architectures B and D. */
export const filteredUpsampling: Layer<{ filters: Filters }> = {
  name: "filtered-upsampling",
  parameters: () => [],
  constants: ({ filters }) => [filterConstant("up", filters)],
  outputShape: doubled,
  apply: ([x], { constant }) => filteredUpsample(x as tf.Tensor4D, constant("up") as tf.Tensor2D),
};
