/** Multi-head scaled dot-product attention. */
import * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import "./reference.ts";

/**
 * softmax(query key^T / sqrt(headSize)) value for each head, with the softmax over the keys.
 * Channel head * headSize + i belongs to `head`. Differentiable with respect to all three.
 *
 * The score matrix of each head and image has positions^2 numbers. The engine decides how many are
 * in memory at a time.
 *
 * Source: Vaswani et al., arXiv 1706.03762, equation 1.
 *
 * @param query [batch, positions, channels]
 * @param key the same shape
 * @param value the same shape
 * @param heads a divisor of channels
 * @returns the same shape
 * @throws TypeError or RangeError if a shape or the number of heads does not fit
 */
export function attention(
  query: tf.Tensor3D,
  key: tf.Tensor3D,
  value: tf.Tensor3D,
  heads: number,
): tf.Tensor3D {
  checkTensor("attention", "query", query, [null, null, null]);
  checkTensor("attention", "key", key, query.shape);
  checkTensor("attention", "value", value, query.shape);
  if (!Number.isInteger(heads) || heads < 1 || query.shape[2] % heads !== 0) {
    throw new RangeError(
      `attention: ${query.shape[2]} channels cannot be split into ${heads} heads`,
    );
  }
  // The second output, log(sum(exp(score))) of each row [batch, heads, positions], is used by the
  // gradient only.
  const [output] = tf.engine().runKernel("Attention", { query, key, value }, {
    heads,
  }) as tf.Tensor[];
  return output as tf.Tensor3D;
}

tf.registerGradient({
  kernelName: "Attention",
  inputsToSave: ["query", "key", "value"],
  outputsToSave: [true, true],
  gradFunc: (dy, [query, key, value, output, logSumExp], attrs) => {
    const [dquery, dkey, dvalue] = tf.engine().runKernel(
      "AttentionGrad",
      {
        query: query!,
        key: key!,
        value: value!,
        output: output!,
        logSumExp: logSumExp!,
        dy: (dy as tf.Tensor[])[0]!,
      },
      { heads: attrs["heads"]! },
    ) as tf.Tensor[];
    return { query: () => dquery!, key: () => dkey!, value: () => dvalue! };
  },
});
