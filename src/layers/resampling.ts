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

/** The largest of each two by two pixels: architectures A and C. */
export const maxPooling: Layer<Plain> = {
  name: "max-pooling",
  parameters: () => [],
  constants: () => [],
  outputShape: halved,
  apply: ([x]) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid"),
};

/**
 * Bilinear interpolation whose corner pixels stay (PyTorch's `align_corners=True`): architectures A
 * and C.
 */
export const bilinearUpsampling: Layer<Plain> = {
  name: "bilinear-upsampling",
  parameters: () => [],
  constants: () => [],
  outputShape: doubled,
  apply([x]) {
    const [, height, width] = x!.shape as [number, number, number, number];
    // The gradient of tfjs's cpu backend is right for squares only, and all images here are
    // squares.
    return tf.image.resizeBilinear(x as tf.Tensor4D, [2 * height, 2 * width], true);
  },
};

/** Filter, then every second pixel: architectures B and D. */
export const filteredDownsampling: Layer<{ filters: Filters }> = {
  name: "filtered-downsampling",
  parameters: () => [],
  constants: ({ filters }) => [filterConstant("down", filters)],
  outputShape: halved,
  apply: ([x], { constant }) =>
    filteredDownsample(x as tf.Tensor4D, constant("down") as tf.Tensor2D),
};

/** Zeros between the pixels, then filter: architectures B and D. */
export const filteredUpsampling: Layer<{ filters: Filters }> = {
  name: "filtered-upsampling",
  parameters: () => [],
  constants: ({ filters }) => [filterConstant("up", filters)],
  outputShape: doubled,
  apply: ([x], { constant }) => filteredUpsample(x as tf.Tensor4D, constant("up") as tf.Tensor2D),
};
