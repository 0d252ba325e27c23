/**
 * Multi-head attention from its formula. For each image and head, with Q, K, V [positions,
 * headSize]:
 *
 *     P = softmax(Q K^T / sqrt(headSize)) over the keys
 *     output = P V
 *
 * The gradient:
 *
 *     dV = P^T dO
 *     dP = dO V^T
 *     dS = P (dP - sum over keys of P dP)
 *     dQ = dS K / sqrt(headSize)
 *     dK = dS^T Q / sqrt(headSize)
 *
 * The sum over keys of P dP equals the sum of dO O over the channels.
 * One row of P is in memory at a time.
 */
import { registerReference, type Values, zeros } from "../shared/reference.ts";

/**
 * One query: its row number among all images and heads, its offset, the offsets of the keys of its
 * image and head, the probabilities of the keys, and log(sum over the keys of exp(score)).
 */
interface Row {
  number: number;
  query: number;
  keys: number[];
  probabilities: Float64Array;
  logSumExp: number;
}

function dot(a: Values, atA: number, b: Values, atB: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a.data[atA + i]! * b.data[atB + i]!;
  return sum;
}

/** Adds `factor` times a slice of `from` to a slice of `to`. */
function add(
  to: Values,
  atTo: number,
  factor: number,
  from: Values,
  atFrom: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) to.data[atTo + i]! += factor * from.data[atFrom + i]!;
}

function* rows(query: Values, key: Values, heads: number): Generator<Row> {
  const [batch, positions, channels] = query.shape as [number, number, number];
  const headSize = channels / heads;
  let number = 0;
  for (let image = 0; image < batch; image++) {
    for (let head = 0; head < heads; head++) {
      const at = (position: number) => (image * positions + position) * channels + head * headSize;
      const keys = Array.from({ length: positions }, (_, position) => at(position));
      for (let position = 0; position < positions; position++) {
        const scores = keys.map((k) =>
          dot(query, at(position), key, k, headSize) / Math.sqrt(headSize)
        );
        // Subtract the largest score so that exp cannot overflow. It cancels.
        const largest = scores.reduce((a, b) => Math.max(a, b));
        const exponentials = Float64Array.from(scores, (score) => Math.exp(score - largest));
        const sum = exponentials.reduce((a, b) => a + b);
        const probabilities = exponentials.map((e) => e / sum);
        yield {
          number: number++,
          query: at(position),
          keys,
          probabilities,
          logSumExp: largest + Math.log(sum),
        };
      }
    }
  }
}

/**
 * Maps query, key and value [batch, positions, channels] to the same shape, with channel
 * head * headSize + i. Also returns the logarithms of the rows' sums of exponentials
 * [batch, heads, positions], from which the gradient recovers the probabilities.
 */
export function attentionReference(
  query: Values,
  key: Values,
  value: Values,
  heads: number,
): Values[] {
  const output = zeros(query.shape);
  const headSize = query.shape[2]! / heads;
  const logSumExp = zeros([query.shape[0]!, heads, query.shape[1]!]);
  for (const row of rows(query, key, heads)) {
    logSumExp.data[row.number] = row.logSumExp;
    row.keys.forEach((k, i) => add(output, row.query, row.probabilities[i]!, value, k, headSize));
  }
  return [output, logSumExp];
}

/** The gradients for query, key and value. */
export function attentionGradReference(
  query: Values,
  key: Values,
  value: Values,
  output: Values,
  dy: Values,
  heads: number,
): Values[] {
  const dquery = zeros(query.shape);
  const dkey = zeros(query.shape);
  const dvalue = zeros(query.shape);
  const headSize = query.shape[2]! / heads;
  for (const row of rows(query, key, heads)) {
    const mean = dot(dy, row.query, output, row.query, headSize);
    row.keys.forEach((k, i) => {
      const probability = row.probabilities[i]!;
      const dscore = probability * (dot(dy, row.query, value, k, headSize) - mean) /
        Math.sqrt(headSize);
      add(dvalue, k, probability, dy, row.query, headSize);
      add(dquery, row.query, dscore, key, k, headSize);
      add(dkey, k, dscore, query, row.query, headSize);
    });
  }
  return [dquery, dkey, dvalue];
}

registerReference(
  "Attention",
  ({ query, key, value }, { heads }) => attentionReference(query!, key!, value!, heads as number),
);
registerReference(
  "AttentionGrad",
  ({ query, key, value, output, dy }, { heads }) =>
    attentionGradReference(query!, key!, value!, output!, dy!, heads as number),
);
