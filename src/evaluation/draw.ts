/**
 * Random choices of rows for subsets and bootstraps. Each can be drawn again on its own, from seed,
 * use and number.
 */
import { philox4x32, philoxKey } from "../../kernels/random_normal/philox.ts";

/** The uses of random rows. The numbers are part of every result: never change or reuse one. */
export const uses = {
  kernelLeft: 0,
  kernelRight: 1,
  scoreOrder: 2,
  frechetRows: 3,
  frechetBootstrap: 4,
  classifierSplit: 5,
  classifierOrder: 6,
  classifierStart: 7,
  classifierMoves: 8,
  equivarianceTransformations: 20,
  equivarianceNoise: 21,
} as const;

/** `count` uniform integers in 0 ... range(i) - 1. */
function integers(
  count: number,
  range: (i: number) => number,
  seed: number,
  use: number,
  number: number,
) {
  const key = philoxKey(seed, "evaluation");
  const out = new Uint32Array(count);
  let block: Uint32Array = new Uint32Array(4);
  for (let i = 0; i < count; i++) {
    if (i % 4 === 0) block = philox4x32([i / 4, number, use, 0], key);
    out[i] = Math.floor(block[i % 4]! / 2 ** 32 * range(i));
  }
  return out;
}

/**
 * `size` different rows out of `count`, in random order; if `size` equals `count`, a permutation.
 */
export function drawRows(
  count: number,
  size: number,
  seed: number,
  use: keyof typeof uses,
  number = 0,
): Uint32Array {
  if (size > count) throw new RangeError(`cannot draw ${size} different rows out of ${count}`);
  const steps = integers(size, (i) => count - i, seed, uses[use], number);
  const rows = Uint32Array.from({ length: count }, (_, i) => i);
  for (const [i, step] of steps.entries()) {
    const j = i + step;
    [rows[i], rows[j]] = [rows[j]!, rows[i]!];
  }
  return rows.subarray(0, size);
}

/**
 * How often each of `count` rows appears in `count` draws with replacement: the weights of a
 * bootstrap.
 */
export function drawWeights(
  count: number,
  seed: number,
  use: keyof typeof uses,
  number = 0,
): Uint32Array {
  const weights = new Uint32Array(count);
  for (const row of integers(count, () => count, seed, uses[use], number)) weights[row]!++;
  return weights;
}

/** `count` independent uniform integers in 0 ... below - 1. */
export function drawIntegers(
  count: number,
  below: number,
  seed: number,
  use: keyof typeof uses,
  number = 0,
): Uint32Array {
  return integers(count, () => below, seed, uses[use], number);
}
