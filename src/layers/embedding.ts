/** The embeddings of timestep and label, and the layer that adds them to an image. */
import * as tf from "@tensorflow/tfjs";
import { rank1, rank2, rank4, sizes3 } from "../../kernels/shared/ranks.ts";
import { type Layer, linearParameters } from "./layer.ts";

/** SiLU: x * sigmoid(x). */
function silu(x: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(x, tf.sigmoid(x));
}

/**
 * Sines, then cosines, of t times geometrically decreasing frequencies: `features` numbers in all.
 *
 * Source: Vaswani et al., arXiv 1706.03762, section 3.5. All sines come first, as published.
 */
export const timeEmbedding: Layer<{ features: number }> = {
  name: "time-embedding",
  parameters: () => [],
  constants({ features }) {
    // Round to float32 after each step, as PyTorch does: at t = 999 even the last bit matters.
    const values = Array.from(
      { length: features / 2 },
      (_, i) => Math.fround(1 / Math.fround(Math.pow(10000, 2 * i / features))),
    );
    return [{ name: "frequencies", shape: [1, features / 2], values }];
  },
  outputShape: (_, { features }) => [features],
  apply([t], { constant }) {
    const angles = tf.mul(
      tf.reshape(tf.cast(rank1(t), "float32"), [-1, 1]),
      constant("frequencies"),
    );
    return tf.concat([tf.sin(angles), tf.cos(angles)], 1);
  },
};

/**
 * Adds a trained vector for each image's label to its time embedding. Without a label it adds
 * nothing.
 */
export const labelEmbedding: Layer<{ classes: number; features: number }> = {
  name: "label-embedding",
  parameters: ({ classes, features }) => [
    { name: "weight", shape: [classes, features], layout: "same", initializer: { kind: "normal" } },
  ],
  constants: () => [],
  outputShape: (_, { features }) => [features],
  apply([x, label], { parameter }, { classes }) {
    const embedding = rank2(x);
    if (!label) return embedding;
    // Use a product with a one-hot matrix instead of a gather: its gradient is a product as well,
    // which every engine supports.
    const indices = rank1(tf.cast(label, "int32"));
    const chosen = rank2(tf.oneHot(indices, classes, 1, 0, "float32"));
    return tf.add(embedding, tf.matMul(chosen, rank2(parameter("weight"))));
  },
};

/** Adds linear(SiLU(embedding)), one number per channel, to an image. */
export const addEmbedding: Layer<{ features: number; channels: number }> = {
  name: "add-embedding",
  parameters: ({ features, channels }) => linearParameters("emb_layer.1", features, channels),
  constants: () => [],
  outputShape: ([image]) => [...sizes3(image)],
  apply([image, embedding], { parameter }, { channels }) {
    const projected = tf.fused.matMul({
      a: silu(rank2(embedding)),
      b: rank2(parameter("emb_layer.1.weight")),
      bias: parameter("emb_layer.1.bias"),
    });
    return tf.add(rank4(image), tf.reshape(projected, [-1, 1, 1, channels]));
  },
};
