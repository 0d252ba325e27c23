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
import { taking } from "../shared/named.ts";
import { sizes3 } from "../shared/ranks.ts";

/**
 * One query: its row number among all images and heads, its offset, the offset and probability of
 * each key of its image and head, and log(sum over the keys of exp(score)).
 */
interface Row {
  number: number;
  query: number;
  keys: { at: number; probability: number }[];
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
  const [batch, positions, channels] = sizes3(query.shape);
  const headSize = channels / heads;
  let number = 0;
  for (let image = 0; image < batch; image++) {
    for (let head = 0; head < heads; head++) {
      const at = (position: number) => (image * positions + position) * channels + head * headSize;
      const keys = Array.from({ length: positions }, (_, position) => at(position));
      for (const row of keys) {
        const scores = keys.map((at) => ({
          at,
          score: dot(query, row, key, at, headSize) / Math.sqrt(headSize),
        }));
        // Subtract the largest score so that exp cannot overflow. It cancels.
        const largest = scores.reduce((max, { score }) => Math.max(max, score), -Infinity);
        const weights = scores.map(({ at, score }) => ({ at, weight: Math.exp(score - largest) }));
        const sum = weights.reduce((sum, { weight }) => sum + weight, 0);
        yield {
          number: number++,
          query: row,
          keys: weights.map(({ at, weight }) => ({ at, probability: weight / sum })),
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
  const [batch, positions, channels] = sizes3(query.shape);
  const headSize = channels / heads;
  const output = zeros(query.shape);
  const logSumExp = zeros([batch, heads, positions]);
  for (const row of rows(query, key, heads)) {
    logSumExp.data[row.number] = row.logSumExp;
    row.keys.forEach(({ at, probability }) =>
      add(output, row.query, probability, value, at, headSize)
    );
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
  const headSize = sizes3(query.shape)[2] / heads;
  for (const row of rows(query, key, heads)) {
    const mean = dot(dy, row.query, output, row.query, headSize);
    row.keys.forEach(({ at, probability }) => {
      const dscore = probability * (dot(dy, row.query, value, at, headSize) - mean) /
        Math.sqrt(headSize);
      add(dvalue, at, probability, dy, row.query, headSize);
      add(dquery, row.query, dscore, key, at, headSize);
      add(dkey, at, dscore, query, row.query, headSize);
    });
  }
  return [dquery, dkey, dvalue];
}

registerReference(
  "Attention",
  taking(
    ["query", "key", "value"],
    ({ query, key, value }, { heads }) => attentionReference(query, key, value, Number(heads)),
  ),
);
registerReference(
  "AttentionGrad",
  taking(
    ["query", "key", "value", "output", "dy"],
    ({ query, key, value, output, dy }, { heads }) =>
      attentionGradReference(query, key, value, output, dy, Number(heads)),
  ),
);
