/**
 * Attention on the engine `tensorflow`. The scores of all images and heads at once would be hundreds of megabytes, and
 * each pass over them a trip to memory; so a few of them are done at a time, as many as the cache holds. Columns that
 * are appended to the factors let the matrix products do what would be passes of their own: ones behind V give the rows'
 * sums, and -logSumExp behind Q takes it off every score. The gradient finds the probabilities again from logSumExp (as
 * in Dao et al., arXiv 2205.14135, appendix B.2) and so keeps no scores.
 */
import * as tf from "@tensorflow/tfjs";
import { registerForm } from "../tensorflow_form.ts";

/** Bytes of scores that are in work at a time. */
const chunkBytes = 4 * 2 ** 20;

/** [batch, positions, channels] to [batch * heads, positions, headSize]. */
function split(x: tf.Tensor3D, heads: number): tf.Tensor3D {
  const [batch, positions, channels] = x.shape, headSize = channels / heads;
  return x.reshape([batch, positions, heads, headSize]).transpose([0, 2, 1, 3])
    .reshape([batch * heads, positions, headSize]);
}

/** The way back, from [batch * heads, positions, headSize], or from its transpose [batch * heads, headSize, positions]. */
function join(x: tf.Tensor3D, heads: number, transposed = false): tf.Tensor3D {
  const [rows, first, second] = x.shape, [positions, headSize] = transposed ? [second, first] : [first, second];
  return x.reshape([rows / heads, heads, first, second]).transpose(transposed ? [0, 3, 1, 2] : [0, 2, 1, 3])
    .reshape([rows / heads, positions, heads * headSize]);
}

/** The transpose of each matrix. */
function turn(x: tf.Tensor3D): tf.Tensor3D {
  return tf.transpose(x, [0, 2, 1]);
}

/** Applies a function to pieces of tensors [batch * heads, ...] and puts its results together. */
function inChunks(
  positions: number,
  inputs: tf.Tensor3D[],
  fn: (pieces: tf.Tensor3D[]) => tf.Tensor[],
): tf.Tensor3D[] {
  const rows = inputs[0]!.shape[0];
  const step = Math.max(1, Math.min(rows, Math.floor(chunkBytes / (4 * positions ** 2))));
  if (step === rows) return fn(inputs) as tf.Tensor3D[];
  const results: tf.Tensor[][] = [];
  for (let start = 0; start < rows; start += step) {
    const size = Math.min(step, rows - start);
    results.push(fn(inputs.map((x) => tf.slice3d(x, [start, 0, 0], [size, x.shape[1], x.shape[2]]))));
  }
  return results[0]!.map((_, i) => tf.concat(results.map((result) => result[i]!), 0)) as tf.Tensor3D[];
}

function withColumn(x: tf.Tensor, column: tf.Tensor): tf.Tensor3D {
  return tf.concat([x, column], 2) as tf.Tensor3D;
}

/** Registers the forms. */
export function register(): void {
  registerForm("Attention", ({ query, key, value }, { heads }) => {
    const [batch, positions, channels] = query.shape, headSize = channels / heads;
    const q = split(tf.mul(query, 1 / Math.sqrt(headSize)), heads), keys = turn(split(key, heads));
    const v = withColumn(split(value, heads), tf.ones([batch * heads, positions, 1]));
    const [sums, largest] = inChunks(positions, [q, keys, v], ([q, keys, v]) => {
      const scores = tf.matMul(q!, keys!);
      const largest = tf.max(scores, 2, true);
      return [tf.matMul(tf.exp(tf.sub(scores, largest)), v!), largest];
    });
    const total = tf.slice3d(sums!, [0, 0, headSize], [-1, -1, 1]);
    const output = tf.div(tf.slice3d(sums!, [0, 0, 0], [-1, -1, headSize]), total) as tf.Tensor3D;
    return [join(output, heads), tf.add(largest!, tf.log(total)).reshape([batch, heads, positions])];
  });
  registerForm("AttentionGrad", ({ query, key, value, output, logSumExp, dy }, { heads }) => {
    const [batch, positions, channels] = query.shape, headSize = channels / heads, scale = 1 / Math.sqrt(headSize);
    const column = [batch * heads, positions, 1], ones = tf.ones(column);
    const q = withColumn(split(tf.mul(query, scale), heads), tf.neg(logSumExp).reshape(column));
    const k = split(key, heads), v = withColumn(split(value, heads), ones), splitDy = split(dy, heads);
    const means = tf.sum(tf.mul(splitDy, split(output, heads)), 2, true);
    const d = withColumn(splitDy, tf.neg(means));
    // Only the narrow factors are ever transposed: packing a transposed score matrix costs more than its product.
    const inputs = [q, turn(withColumn(k, ones)), d, turn(v), k, turn(q), turn(d)];
    const gradients = inChunks(positions, inputs, ([q, keys, d, values, k, turnedQ, turnedD]) => {
      const probabilities = tf.exp(tf.matMul(q!, keys!));
      const dscores = tf.mul(probabilities, tf.matMul(d!, values!));
      return [tf.matMul(dscores, k!), tf.matMul(turnedQ!, dscores), tf.matMul(turnedD!, probabilities)];
    });
    const [dq, dk, dv] = gradients as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    // The products of the appended rows are dropped. Q was scaled before, K was not.
    const narrow = (x: tf.Tensor3D) => tf.slice3d(x, [0, 0, 0], [-1, headSize, -1]);
    return [tf.mul(join(dq, heads), scale), join(narrow(dk), heads, true), join(narrow(dv), heads, true)];
  });
}
