/**
 * Small layers: the skip connection, the coordinates, the last convolution, and a norm that is
 * never used.
 */
import * as tf from "@tensorflow/tfjs";
import { rank2, rank4, sizes3 } from "../../kernels/shared/ranks.ts";
import { convolutionWeight, fanInUniform, type Layer, normParameters } from "./layer.ts";

/** Concatenates the channels of two images of the same size, the first image's channels first. */
export const concatenation: Layer<Record<never, never>> = {
  name: "concatenation",
  parameters: () => [],
  constants: () => [],
  outputShape([first, second]) {
    const [height, width, channels] = sizes3(first);
    const [otherHeight, otherWidth, otherChannels] = sizes3(second);
    if (height !== otherHeight || width !== otherWidth) {
      throw new RangeError(
        `images of different sizes cannot be joined: [${first}] and [${second}]`,
      );
    }
    return [height, width, channels + otherChannels];
  },
  apply: ([first, second]) => tf.concat([rank4(first), rank4(second)], 3),
};

/**
 * Appends four channels that tell each pixel where it is: sine and cosine of an angle that goes
 * round once along the rows, and the same along the columns. A periodic image sees no edge in them.
 */
export const coordinates: Layer<{ size: number }> = {
  name: "coordinates",
  parameters: () => [],
  constants({ size }) {
    const angle = (pixel: number) => 2 * Math.PI * (pixel + 0.5) / size;
    const values = Array.from(
      { length: size * size },
      (_, i) =>
        [angle(Math.floor(i / size)), angle(i % size)].flatMap((a) => [Math.sin(a), Math.cos(a)]),
    );
    return [{ name: "angles", shape: [1, size, size, 4], values: values.flat() }];
  },
  outputShape([image]) {
    const [height, width, channels] = sizes3(image);
    return [height, width, channels + 4];
  },
  apply([x], { constant }) {
    const image = rank4(x);
    return tf.concat([image, tf.tile(rank4(constant("angles")), [image.shape[0], 1, 1, 1])], 3);
  },
};

/** A 1x1 convolution: a linear map of the channels. */
export const pointwiseConvolution: Layer<{ inputs: number; outputs: number }> = {
  name: "pointwise-convolution",
  parameters: ({ inputs, outputs }) => [
    convolutionWeight("weight", inputs, outputs, 1),
    { name: "bias", shape: [outputs], layout: "same", initializer: fanInUniform(inputs) },
  ],
  constants: () => [],
  outputShape([image], { outputs }) {
    const [height, width] = sizes3(image);
    return [height, width, outputs];
  },
  apply([x], { parameter }, { inputs, outputs }) {
    const image = rank4(x);
    const [batch, height, width] = image.shape;
    const y = tf.fused.matMul({
      a: rank2(tf.reshape(image, [batch * height * width, inputs])),
      b: rank2(tf.reshape(parameter("weight"), [inputs, outputs])),
      bias: parameter("bias"),
    });
    return tf.reshape(y, [batch, height, width, outputs]);
  },
};

/**
 * A GroupNorm that the fifth variant of the published code owns but never uses. It is stored in the
 * checkpoints, gets no gradient, and is therefore never trained.
 */
export const unusedGroupNorm: Layer<{ channels: number }> = {
  name: "unused-group-norm",
  parameters: ({ channels }) => normParameters("norm1", channels),
  constants: () => [],
  outputShape: ([image]) => [...sizes3(image)],
  apply: ([image]) => rank4(image),
};
