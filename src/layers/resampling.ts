/** The layers that halve and double an image. They have no parameters. */
import * as tf from "@tensorflow/tfjs";
import { rank2, rank4, sizes3 } from "../../kernels/shared/ranks.ts";
import { filterConstant, filteredDouble, filteredHalf, type Filters } from "./filters.ts";
import type { Layer, Shape } from "./layer.ts";

type Plain = Record<never, never>;

/** Options of filtered resampling. */
interface FilteredResampling {
  filters: Filters;
  /** The side of the smaller image. */
  size: number;
}

function halved([image]: Shape[]): Shape {
  const [height, width, channels] = sizes3(image);
  return [height / 2, width / 2, channels];
}

function doubled([image]: Shape[]): Shape {
  const [height, width, channels] = sizes3(image);
  return [2 * height, 2 * width, channels];
}

/** The maximum of each 2x2 block of pixels: architectures A and C. */
export const maxPooling: Layer<Plain> = {
  name: "max-pooling",
  parameters: () => [],
  constants: () => [],
  outputShape: halved,
  apply: ([x]) => tf.maxPool(rank4(x), 2, 2, "valid"),
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
    const image = rank4(x);
    const [, height, width] = image.shape;
    // The gradient of tfjs's cpu backend is correct for square images only. All images here are
    // square.
    return tf.image.resizeBilinear(image, [2 * height, 2 * width], true);
  },
};

/** Low-pass filter, then keep every second pixel: architectures B and D. */
export const filteredDownsampling: Layer<FilteredResampling> = {
  name: "filtered-downsampling",
  parameters: () => [],
  constants: ({ filters, size }) => [filterConstant("down", filters, size)],
  outputShape: halved,
  apply: ([x], { constant }, { filters }) =>
    filteredHalf(rank4(x), filters, rank2(constant("down"))),
};

/** Insert zeros between the pixels, then low-pass filter: architectures B and D. */
export const filteredUpsampling: Layer<FilteredResampling> = {
  name: "filtered-upsampling",
  parameters: () => [],
  constants: ({ filters, size }) => [filterConstant("up", filters, size)],
  outputShape: doubled,
  apply: ([x], { constant }, { filters }) =>
    filteredDouble(rank4(x), filters, rank2(constant("up"))),
};
