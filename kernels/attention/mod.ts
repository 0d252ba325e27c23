/** Multi-head scaled dot-product attention. */
import type * as tf from "@tensorflow/tfjs";
import { checkTensor } from "../shared/checks.ts";
import "./reference.ts";
import { rank3 } from "../shared/ranks.ts";
import { registerGradient, runKernels } from "../shared/run_kernel.ts";

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
  const outputs = ["output", "logSumExp"] as const;
  return rank3(runKernels("Attention", { query, key, value }, outputs, { heads }).output);
}

registerGradient(
  "Attention",
  { inputs: ["query", "key", "value"], outputs: ["output", "logSumExp"] },
  (dy, saved, attrs) => {
    const outputs = ["dquery", "dkey", "dvalue"] as const;
    const { dquery, dkey, dvalue } = runKernels("AttentionGrad", { ...saved, dy }, outputs, attrs);
    return { query: () => dquery, key: () => dkey, value: () => dvalue };
  },
);
