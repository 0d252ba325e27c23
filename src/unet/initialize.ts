/**
 * The weights before training: PyTorch's default initializers, drawn from Philox bits that are
 * keyed by seed and parameter.
 */
import { philox4x32, philoxKey } from "../../kernels/random_normal/philox.ts";
import type { Initializer } from "../layers/layer.ts";

/** Uses 24 of the bits, as many as float32 holds exactly: uniform in [0, 1). */
function unit(word: number): number {
  return (word >>> 8) / 2 ** 24;
}

/**
 * A parameter's initial values, in PyTorch's shape and row-major order.
 *
 * @param index the parameter's number in the state dict; element i takes word i % 4 of the block
 *   [i / 4, 0, index, 0]
 */
export function initialValues(
  initializer: Initializer,
  count: number,
  seed: number,
  index: number,
): Float32Array {
  if (initializer.kind === "constant") return new Float32Array(count).fill(initializer.value);
  const values = new Float32Array(count);
  const key = philoxKey(seed, "initializer");
  for (let block = 0; 4 * block < count; block++) {
    const words = philox4x32([block, 0, index, 0], key);
    for (let i = 0; i < 4 && 4 * block + i < count; i++) {
      values[4 * block + i] = initializer.kind === "uniform"
        ? (2 * unit(words[i]!) - 1) * initializer.bound
        : boxMuller(words[i & 2]!, words[i | 1]!)[i & 1]!;
    }
  }
  return values;
}

/** Two standard normal numbers from two uniform words. */
function boxMuller(first: number, second: number): [number, number] {
  const radius = Math.sqrt(-2 * Math.log(1 - unit(first)));
  const angle = 2 * Math.PI * unit(second);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}
