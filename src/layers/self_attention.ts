/** Self-attention over the pixels of an image, followed by a feed-forward block. */
import * as tf from "@tensorflow/tfjs";
import { attention } from "../../kernels/attention/mod.ts";
import { gelu } from "../../kernels/gelu/mod.ts";
import { layerNorm } from "../../kernels/layer_norm/mod.ts";
import { rank1, rank2, rank3, rank4, sizes3 } from "../../kernels/shared/ranks.ts";
import { type Layer, type LayerTensors, linearParameters, normParameters } from "./layer.ts";

/** x * weight + bias, for each row of x. */
function linear(x: tf.Tensor2D, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor2D {
  return rank2(tf.fused.matMul({ a: x, b: rank2(weight), bias }));
}

function normalized(x: tf.Tensor2D, { parameter }: LayerTensors, name: string): tf.Tensor2D {
  return layerNorm(x, rank1(parameter(`${name}.weight`)), rank1(parameter(`${name}.bias`)));
}

/**
 * a = x + attention(LayerNorm(x)), then a + linear(GELU(linear(LayerNorm(a)))), where each pixel is
 * a position. The attention is PyTorch's `MultiheadAttention`, which computes query, key and value
 * with one input matrix. The GELU is plain in every architecture.
 */
export const selfAttention: Layer<{ channels: number; heads: number }> = {
  name: "self-attention",
  parameters: ({ channels }) => [
    {
      name: "mha.in_proj_weight",
      shape: [3 * channels, channels],
      layout: "matrix",
      // xavier_uniform of the combined matrix.
      initializer: { kind: "uniform", bound: Math.sqrt(6 / (4 * channels)) },
    },
    {
      name: "mha.in_proj_bias",
      shape: [3 * channels],
      layout: "same",
      initializer: { kind: "constant", value: 0 },
    },
    ...linearParameters("mha.out_proj", channels, channels).map((parameter) =>
      parameter.name.endsWith("bias")
        ? { ...parameter, initializer: { kind: "constant" as const, value: 0 } }
        : parameter
    ),
    ...normParameters("ln", channels),
    ...normParameters("ff_self.0", channels),
    ...linearParameters("ff_self.1", channels, channels),
    ...linearParameters("ff_self.3", channels, channels),
  ],
  // The key's bias adds the same number to all scores in a row, and the softmax cancels it. Masking
  // it makes its gradient exactly zero. Otherwise the gradient would be rounding noise, which Adam
  // would turn into full steps.
  constants: ({ channels }) => [{
    name: "queryAndValue",
    shape: [3 * channels],
    values: Array.from(
      { length: 3 * channels },
      (_, i) => i >= channels && i < 2 * channels ? 0 : 1,
    ),
  }],
  outputShape: ([image]) => [...sizes3(image)],
  apply([input], tensors, { channels, heads }) {
    const { parameter, constant } = tensors;
    const image = rank4(input);
    const [batch, height, width] = image.shape;
    const rows = batch * height * width;
    const x = rank2(tf.reshape(image, [rows, channels]));
    const joint = linear(
      normalized(x, tensors, "ln"),
      parameter("mha.in_proj_weight"),
      tf.mul(parameter("mha.in_proj_bias"), constant("queryAndValue")),
    );
    const [query, key, value] = tf.split(
      tf.reshape(joint, [batch, height * width, 3 * channels]),
      3,
      2,
    );
    const attended = attention(rank3(query), rank3(key), rank3(value), heads);
    const a = tf.add(
      linear(
        rank2(tf.reshape(attended, [rows, channels])),
        parameter("mha.out_proj.weight"),
        parameter("mha.out_proj.bias"),
      ),
      x,
    );
    const hidden = linear(
      normalized(rank2(a), tensors, "ff_self.0"),
      parameter("ff_self.1.weight"),
      parameter("ff_self.1.bias"),
    );
    const forward = linear(
      gelu(hidden),
      parameter("ff_self.3.weight"),
      parameter("ff_self.3.bias"),
    );
    return tf.reshape(tf.add(forward, a), [batch, height, width, channels]);
  },
};
