/**
 * Attention on the engine `tensorflow`. The scores of all images and heads together would take
 * hundreds of megabytes, and each pass over them would go to memory. So only as many as fit in the
 * cache are processed at a time. The gradient recomputes the probabilities and so stores no scores.
 * A column of ones appended to V, and -rowsum(dy output) appended to dy, let a matrix product do
 * what would otherwise take a separate pass (Dao et al., arXiv 2205.14135, appendix B.2).
 */
import * as tf from "@tensorflow/tfjs";
import { fused } from "../shared/fuse.ts";
import { computesInBfloat16, narrow, widen } from "../shared/precision.ts";
import { registerForm } from "../shared/tensorflow_form.ts";
import { rank3 } from "../shared/ranks.ts";

/** Bytes of scores that are processed at a time. */
const chunkBytes = 4 * 2 ** 20;

/** Reshapes [batch, positions, channels] to [batch * heads, positions, headSize]. */
function split(x: tf.Tensor3D, heads: number): tf.Tensor3D {
  const [batch, positions, channels] = x.shape;
  const headSize = channels / heads;
  return x.reshape([batch, positions, heads, headSize]).transpose([0, 2, 1, 3])
    .reshape([batch * heads, positions, headSize]);
}

/**
 * The inverse of `split`, from [batch * heads, positions, headSize], or from its transpose
 * [batch * heads, headSize, positions].
 */
function join(x: tf.Tensor3D, heads: number, transposed = false): tf.Tensor3D {
  const [rows, first, second] = x.shape;
  const [positions, headSize] = transposed ? [second, first] : [first, second];
  return x.reshape([rows / heads, heads, first, second]).transpose(
    transposed ? [0, 3, 1, 2] : [0, 2, 1, 3],
  )
    .reshape([rows / heads, positions, heads * headSize]);
}

/** Transposes each matrix. */
function turn(x: tf.Tensor3D): tf.Tensor3D {
  return tf.transpose(x, [0, 2, 1]);
}

/**
 * How many matrices to process at a time; if a single one is too large, how many of its queries.
 */
function pieceSize(rows: number, positions: number): { matrices: number; queries: number } {
  const matrices = Math.floor(chunkBytes / (4 * positions ** 2));
  if (matrices >= 1) return { matrices: Math.min(rows, matrices), queries: positions };
  return { matrices: 1, queries: Math.max(1, Math.floor(chunkBytes / (4 * positions))) };
}

/** Splits an axis into pieces: the start and length of each. */
function pieces(length: number, size: number): { start: number; size: number }[] {
  return Array.from({ length: Math.ceil(length / size) }, (_, i) => {
    const start = i * size;
    return { start, size: Math.min(size, length - start) };
  });
}

/** A slice of a tensor along an axis, or the tensor itself if that is all of it. */
function piece(
  x: tf.Tensor3D,
  axis: 0 | 1 | 2,
  { start, size }: { start: number; size: number },
): tf.Tensor3D {
  if (size === x.shape[axis]) return x;
  const begin: [number, number, number] = [0, 0, 0];
  const sizes = [...x.shape] as typeof begin;
  begin[axis] = start;
  sizes[axis] = size;
  return tf.slice3d(x, begin, sizes);
}

/** Concatenates pieces. */
function together(parts: tf.Tensor[], axis: number): tf.Tensor3D {
  const [first, ...others] = parts;
  return rank3(others.length === 0 ? first : tf.concat(parts, axis));
}

function added(parts: tf.Tensor[]): tf.Tensor {
  const [first, ...others] = parts;
  return first !== undefined && others.length === 0 ? first : tf.addN(parts);
}

function withColumn(x: tf.Tensor, column: tf.Tensor): tf.Tensor3D {
  return tf.concat([x, column], 2) as tf.Tensor3D;
}

/**
 * The softmax of each row. oneDNN computes it in one pass; maximum, exponential and sum take one
 * each.
 */
function softmax(scores: tf.Tensor3D): tf.Tensor3D {
  const [rows, queries, keys] = scores.shape;
  return tf.softmax(scores.reshape([rows * queries, keys])).reshape(scores.shape);
}

/** log(sum(exp(row))) of each row, [rows, queries, 1]. */
function logSumExpOf(scores: tf.Tensor3D): tf.Tensor {
  const largest = tf.max(scores, 2, true);
  return tf.add(largest, tf.log(tf.sum(tf.exp(tf.sub(scores, largest)), 2, true)));
}

/**
 * Returns turnedDy [rows, headSize, queries] with NaN for the queries whose probabilities are NaN.
 * One NaN or infinite score makes them all NaN, but oneDNN's softmax leaves zeros among them, which
 * would hide the NaN from dV.
 */
function orNaN(turnedDy: tf.Tensor3D, probabilities: tf.Tensor3D): tf.Tensor3D {
  const [rows, queries] = probabilities.shape;
  const sums = tf.sum(probabilities, 2).reshape([rows, 1, queries]);
  return nanWhere(turnedDy, sums);
}

function nanWhere(turnedDy: tf.Tensor3D, numbers: tf.Tensor): tf.Tensor3D {
  return tf.add(turnedDy, tf.where(tf.isNaN(numbers), NaN, 0));
}

/** Registers the kernels. */
export function register(): void {
  registerForm("Attention", ({ query, key, value }, { heads }) => {
    const [batch, positions, channels] = query.shape;
    const headSize = channels / heads;
    const q = split(tf.mul(query, 1 / Math.sqrt(headSize)), heads);
    const keys = turn(split(key, heads));
    const v = split(value, heads);
    const size = pieceSize(batch * heads, positions);
    const done = pieces(batch * heads, size.matrices).map((rows) => {
      const [qs, ks, vs] = [piece(q, 0, rows), piece(keys, 0, rows), piece(v, 0, rows)];
      const parts = pieces(positions, size.queries).map((queries) => {
        const scores = tf.matMul(piece(qs, 1, queries), ks) as tf.Tensor3D;
        // This gradient does not use the second output, and a traced function drops unused results.
        return [tf.matMul(softmax(scores), vs), logSumExpOf(scores)] as const;
      });
      return [
        together(parts.map(([output]) => output), 1),
        together(parts.map(([, sum]) => sum), 1),
      ] as const;
    });
    const output = together(done.map(([part]) => part), 0);
    const logSumExp = together(done.map(([, sum]) => sum), 0);
    return [join(output, heads), logSumExp.reshape([batch, heads, positions])];
  });
  registerForm("AttentionGrad", ({ query, key, value, output, dy }, { heads }) => {
    const [batch, positions, channels] = query.shape;
    const headSize = channels / heads;
    const scale = 1 / Math.sqrt(headSize);
    const q = split(tf.mul(query, scale), heads);
    const k = split(key, heads);
    const splitDy = split(dy, heads);
    const means = tf.sum(tf.mul(splitDy, split(output, heads)), 2, true);
    const d = withColumn(splitDy, tf.neg(means));
    // Only the narrow factors are ever transposed: packing a transposed score matrix costs more
    // than its product.
    const values = turn(withColumn(split(value, heads), tf.ones([batch * heads, positions, 1])));
    const keys = turn(k);
    const turnedQ = turn(q);
    // In mixed precision, an extra pass to sum the probabilities would be expensive. Whatever they
    // turn into NaN is NaN in the output as well. NaN values are detected there too, which does not
    // matter because they spoil the other gradients anyway.
    const isMixed = computesInBfloat16();
    const turnedDy = isMixed ? nanWhere(turn(splitDy), turn(means as tf.Tensor3D)) : turn(splitDy);
    const size = pieceSize(batch * heads, positions);
    const done = pieces(batch * heads, size.matrices).map((rows) => {
      const [ks, keysOf, valuesOf] = [
        piece(k, 0, rows),
        piece(keys, 0, rows),
        piece(values, 0, rows),
      ];
      const [qs, ds] = [piece(q, 0, rows), piece(d, 0, rows)];
      const [turnedQs, turnedDys] = [piece(turnedQ, 0, rows), piece(turnedDy, 0, rows)];
      const parts = pieces(positions, size.queries).map((queries) => {
        const probabilities = softmax(tf.matMul(piece(qs, 1, queries), keysOf));
        const turnedDyPiece = piece(turnedDys, 2, queries);
        const dscores = fused(
          "Multiply",
          [probabilities, tf.matMul(piece(ds, 1, queries), valuesOf)],
          (p, d) => narrow(tf.mul(widen(p), widen(d))),
        ) as tf.Tensor3D;
        return [
          tf.matMul(dscores, ks),
          tf.matMul(piece(turnedQs, 2, queries), dscores),
          tf.matMul(isMixed ? turnedDyPiece : orNaN(turnedDyPiece, probabilities), probabilities),
        ] as const;
      });
      return {
        dq: together(parts.map(([dq]) => dq), 1),
        dk: added(parts.map(([, dk]) => dk)),
        dv: added(parts.map(([, , dv]) => dv)),
      };
    });
    const dq = together(done.map((part) => part.dq), 0);
    const dk = together(done.map((part) => part.dk), 0);
    const dv = together(done.map((part) => part.dv), 0);
    // Q was scaled above, but K was not.
    return [tf.mul(join(dq, heads), scale), join(dk, heads, true), join(dv, heads, true)];
  });
}
